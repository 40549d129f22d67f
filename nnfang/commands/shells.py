r"""How bash, zsh and fish ask for completions, where Click's own way falls short.

- bash takes ``sample:7`` and ``epochs=5`` for three words each. They are put together again, and of an answer only the
  part is given that bash would replace.
- A value that goes on, such as ``optimizer.``, is not followed by a space.
- zsh and fish expect the whole of ``--dataset=mnist``, not only its value.
"""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING

from click import shell_completion as click_shells

from nnfang.commands.completion import PARTIAL

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

BREAKS = (":", "=")
"""Characters at which bash begins a new word."""

BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' response completion type value
    response=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete "$1" 2>/dev/null)
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            partial) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done <<< "$response"
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a plain described partial_plain partial_described response
    (( ! $+commands[%(prog_name)s] )) && return 1
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \
%(complete_var)s=zsh_complete %(prog_name)s 2>/dev/null)}")
    for type key descr in ${response}; do
        case $type in
            plain) if [[ $descr == _ ]]; then plain+=("$key"); else described+=("$key:$descr"); fi ;;
            partial) if [[ $descr == _ ]]; then partial_plain+=("$key"); else partial_described+=("$key:$descr"); fi ;;
            dir) _path_files -/ ;;
            file) _path_files -f ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described
    (( $#partial_described )) && _describe -V unsorted partial_described -S ''
    (( $#plain )) && compadd -V unsorted -a plain
    (( $#partial_plain )) && compadd -V unsorted -S '' -a partial_plain
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


FISH = """\
function %(complete_func)s
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) \
COMP_CWORD=(commandline -t) %(prog_name)s 2>/dev/null)
    for completion in $response
        set -l parts (string split --max 1 "," -- $completion)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case plain
                echo $parts[2]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class BashComplete(click_shells.BashComplete):
    """Completion in bash."""

    source_template = BASH
    cut = 0
    """Characters of the value that bash does not replace."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one to complete, and that one."""
        current = int(os.environ["COMP_CWORD"])
        words = [*os.environ["COMP_WORDS"].split("\n"), ""][: current + 1]
        joined = [words[0]]
        fixed = 0
        for before, word in pairwise(words):
            if word and not word.strip("".join(BREAKS)):  # of nothing else
                joined[-1] += word
                fixed = len(joined[-1])
            elif before and not before.strip("".join(BREAKS)):
                joined[-1] += word
            else:
                joined.append(word)
                fixed = 0
        self.cut = fixed
        args = [part for word in joined[1:-1] for part in click_shells.split_arg_string(word)]
        return args, "".join(click_shells.split_arg_string(joined[-1])) if len(joined) > 1 else ""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """The answers, each from where bash replaces the word."""
        found = super().get_completions(args, incomplete)
        for item in found:
            if item.value.startswith(incomplete[: self.cut]):
                item.value = item.value[self.cut :]
        return found


class WholeOptions(click_shells.ShellComplete):
    """Answers with the whole of ``--dataset=mnist`` where that is what is being typed."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """The answers."""
        found = super().get_completions(args, incomplete)
        name, equals, _ = incomplete.partition("=")
        for item in found:
            if equals and name.startswith("--") and item.type in {"plain", PARTIAL}:
                item.value = f"{name}={item.value}"
        return found


class ZshComplete(WholeOptions, click_shells.ZshComplete):
    """Completion in zsh."""

    source_template = ZSH


class FishComplete(WholeOptions, click_shells.FishComplete):
    """Completion in fish, which itself adds no space after a dot or ``=``."""

    source_template = FISH

    def format_completion(self, item: CompletionItem[str]) -> str:
        """One line, ``plain`` for all that is no file."""
        if item.type == PARTIAL:
            item.type = "plain"
        return super().format_completion(item)


def register() -> None:
    """Answer these shells instead of Click's own classes."""
    for shell in (BashComplete, ZshComplete, FishComplete):
        click_shells.add_completion_class(shell)
