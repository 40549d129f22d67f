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
FIGURE = r"\S+(?: \S+)+"
"""A figure with its name, such as ``loss 0.25``, in a row of several."""

QUOTED = r"'[^']*'"
LABEL = r"^ *(?:\S+(?: \S+)*  +)?"
"""What a line begins with, up to the first gap."""

INDENT = "  "
"""What a command on lines of its own begins with, and the second line of figures."""


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
        text = _keep_whole(pattern, text, width - len(rest))
    lines = wrap(
        text, width, initial_indent=indent, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines).replace(FIXED_SPACE, " ")


def fill_command(command: str, width: int) -> str:
    """The lines of a command, which can be pasted: a backslash says that it goes on."""
    whole = _keep_whole(QUOTED, command, len(command))
    return fill(whole, max(width - len(" \\"), 1), INDENT, 3 * INDENT).replace("\n", " \\\n")


def fit_lines(text: str, width: int) -> str:
    """Each line broken between words where it is too long; what follows a label goes on below its beginning."""
    return "\n".join(line if len(line) <= width else _fit_line(line, width) for line in text.split("\n"))


def _fit_line(line: str, width: int) -> str:
    if command := re.search(COMMAND, line):
        label = fit_lines(line[: command.start()].rstrip(), width)
        return f"{label}\n{fill_command(command[0], width)}"
    label = re.findall(LABEL, line)[0]
    if re.search(r"\S {2,}\S", line[len(label) :]):
        return fill(_keep_whole(FIGURE, line, width - len(INDENT)), width, "", INDENT)
    return fill(line, width, "", " " * len(label) if len(label) <= width // 2 else "")


def _keep_whole(pattern: str, text: str, room: int) -> str:
    """A text with no line end in what a pattern matches, where that is no longer than `room` columns."""
    return re.sub(
        pattern, lambda found: found[0].replace(" ", FIXED_SPACE) if len(found[0]) <= room else found[0], text
    )
