"""Lines that end between words, so that a terminal breaks none of them."""

import re
from textwrap import wrap

FIXED_SPACE = "\xa0"
"""A space at which no line ends."""

COMMAND = r"(?:(?<=: )|(?<=  ))nnfang [a-z]+(?: .*)?$"
"""A command to paste, at the end of a line."""

OPTION = r"(?<!\S)--?[a-z][a-z-]* "
"""An option, which is not parted from its value."""

DEFAULT = r"\[default: [^]]+\]"
QUOTED = r"'[^']*'"

INDENT = "  "
"""What an example, or a command that needs lines of its own, begins with."""


def fill(text: str, width: int, indent: str = "", subsequent: str | None = None) -> str:
    """The lines of a text, each of which ends between two words.

    Args:
        text: Without line breaks.
        width: Columns of a line. Only a word that is longer needs more.
        indent: What the first line begins with.
        subsequent: What the others begin with; None is `indent` again.
    """
    rest = indent if subsequent is None else subsequent
    for pattern in (OPTION, DEFAULT):
        text = re.sub(pattern, lambda found: _fix(found[0]) if len(found[0]) <= width - len(rest) else found[0], text)
    lines = wrap(
        text, width, initial_indent=indent, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines).replace(FIXED_SPACE, " ")


def fill_command(command: str, width: int) -> str:
    """The lines of a command, which can be pasted: a backslash says that it goes on."""
    quoted = re.sub(QUOTED, lambda found: _fix(found[0]), command)
    return fill(quoted, width - len(" \\"), INDENT, 3 * INDENT).replace("\n", " \\\n")


def fit_lines(text: str, width: int) -> str:
    """Each line broken between words where it is too long; what follows a label goes on below its beginning."""
    return "\n".join(line if len(line) <= width else _fit_line(line, width) for line in text.split("\n"))


def _fit_line(line: str, width: int) -> str:
    if command := re.search(COMMAND, line):
        label = fit_lines(line[: command.start()].rstrip(), width)
        return f"{label}\n{fill_command(command[0], width)}"
    start = re.match(r" *(\S+( \S+)*  +)?", line)
    indent = start.end() if start and start.end() <= width // 2 else 0
    if re.search(r"\S {2,}\S", line[indent:]):  # figures with their names, such as "loss 0.25  accuracy 87%"
        line = re.sub(r"(?<=\S) (?=\S)", FIXED_SPACE, line)
    return fill(line, width, "", " " * indent)


def _fix(text: str) -> str:
    """A text at which no line ends."""
    return text.replace(" ", FIXED_SPACE)
