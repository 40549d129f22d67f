"""Draws the README's picture of the terminal: what nnfang writes on one of 80 columns, in light and in dark.

python -m benchmarks.terminal [--folder docs]
"""

import html
import os
import re
import subprocess
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.documentation.replay import PRELUDE, environment

COMMANDS = (
    "nnfang predict -m bundled sample:7 sample:3",
    "nnfang train --dataset mnist-sample --epochs 3 -o runs/first",
    "nnfang predict -m runs/first --top 3 sample:7",
)
COLUMNS, ROWS = 80, 24

SIZE, ADVANCE, LEADING, PADDING = 14, 8.4, 20, 20
GAP = 8
"""Space above each prompt but the first."""

FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"

CODES = {1: "bold", 2: "dim", 31: "red", 32: "green", 33: "yellow", 34: "blue", 35: "magenta", 36: "cyan"}
PROMPT, COMMAND = "dim", "bold"


@dataclass(frozen=True)
class Theme:
    """The colours of a picture, those of GitHub's pages."""

    paper: str
    ink: str
    line: str
    styles: dict[str, str]


THEMES = {
    "light": Theme(
        "#ffffff",
        "#1f2328",
        "#d1d9e0",
        {"dim": "#818b98", "red": "#cf222e", "green": "#1a7f37", "yellow": "#9a6700", "blue": "#0969da"}
        | {"magenta": "#8250df", "cyan": "#1b7c83"},
    ),
    "dark": Theme(
        "#0d1117",
        "#e6edf3",
        "#3d444d",
        {"dim": "#7d8590", "red": "#ff7b72", "green": "#3fb950", "yellow": "#d29922", "blue": "#58a6ff"}
        | {"magenta": "#bc8cff", "cyan": "#39c5cf"},
    ),
}

Cell = tuple[str, str]
"""A character and its style."""


class Screen:
    """A terminal that knows what rich and Click use: colours, carriage returns, going up, and erasing lines."""

    def __init__(self) -> None:
        self.lines: list[list[Cell]] = [[]]
        self.row = self.column = 0
        self.style = ""

    def write(self, text: str) -> None:
        """Show what a program has written."""
        for m in re.finditer(r"\x1b\[(?P<values>[\d;?]*)(?P<code>[a-zA-Z])|(?P<character>[^\x1b])", text):
            if m["code"]:
                self.control(m["code"], m["values"])
            elif m["character"] == "\r":
                self.column = 0
            elif m["character"] == "\n":
                self.row += 1
                self.lines.extend([] for _ in range(self.row + 1 - len(self.lines)))
            else:
                self.put(m["character"])

    def control(self, code: str, values: str) -> None:
        """Follow an escape sequence; hiding and showing the cursor changes nothing here."""
        if code == "A":
            self.row = max(0, self.row - int(values or 1))
        elif code == "K":
            del self.lines[self.row][0 if values == "2" else self.column :]
        elif code == "m":
            self.style = next((CODES[int(value)] for value in values.split(";") if int(value or 0) in CODES), "")
        elif values != "?25":
            raise ValueError(f"an escape sequence that is unknown here: {values}{code}")

    def put(self, character: str) -> None:
        """Write one character where the cursor is."""
        line = self.lines[self.row]
        line.extend((" ", "") for _ in range(self.column + 1 - len(line)))
        line[self.column] = character, self.style
        self.column += 1


def record(folder: Path, commands: Sequence[str] = COMMANDS) -> list[list[Cell]]:
    """Run commands on a terminal, and give the lines that are on it in the end."""
    screen = Screen()
    for command in commands:
        screen.lines[-1] = [(character, PROMPT) for character in "$ "] + [(character, COMMAND) for character in command]
        screen.write("\n\r" + run_on_terminal(command, folder))
    return screen.lines[:-1]


def run_on_terminal(command: str, folder: Path) -> str:
    """All that a command writes on a terminal."""
    import pty  # not on Windows
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
    variables = environment(folder) | {"TERM": "xterm-256color"}
    process = subprocess.Popen(
        ["sh", "-c", PRELUDE + command], cwd=folder, env=variables, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    with process, os.fdopen(ours, "rb", buffering=0) as terminal:
        return b"".join(iter(partial(_read, terminal.fileno()), b"")).decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # the other side is closed
        return b""


def draw(lines: Sequence[Sequence[Cell]], theme: Theme) -> str:
    """An SVG of the lines; each run of characters is as wide as its columns, whatever the font."""
    prompts = [row for row, line in enumerate(lines) if row and line[:1] == [("$", PROMPT)]]
    width, height = COLUMNS * ADVANCE + 2 * PADDING, len(lines) * LEADING + len(prompts) * GAP + 2 * PADDING
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{FONT}" font-size="{SIZE}" fill="{theme.ink}">',
        f'<rect x=".5" y=".5" width="{width - 1:g}" height="{height - 1:g}" rx="8" fill="{theme.paper}" '
        f'stroke="{theme.line}"/>',
    ]
    for row, line in enumerate(lines):
        y = PADDING + (row + 0.72) * LEADING + sum(prompt <= row for prompt in prompts) * GAP
        for column, text, style in _runs(line):
            look = ' font-weight="600"' if style == "bold" else f' fill="{theme.styles[style]}"' if style else ""
            parts.append(
                f'<text x="{PADDING + column * ADVANCE:g}" y="{y:g}" textLength="{len(text) * ADVANCE:g}"{look} '
                f'xml:space="preserve">{html.escape(text, quote=False)}</text>'
            )
        parts.append("<!-- -->")
    return "\n".join([*parts, "</svg>", ""])


def _runs(line: Sequence[Cell]) -> Iterator[tuple[int, str, str]]:
    """The parts of a line that have one style, each with the column where it begins."""
    start = 0
    for end in range(1, len(line) + 1):
        if end == len(line) or line[end][1] != line[start][1]:
            yield start, "".join(character for character, _ in line[start:end]), line[start][1]
            start = end


def text_of_lines(lines: Sequence[Sequence[Cell]]) -> str:
    return "".join("".join(character for character, _ in line).rstrip() + "\n" for line in lines)


def text_of_picture(svg: str) -> str:
    """The text that a picture shows."""
    lines = svg.split("<!-- -->")[:-1]
    return "".join(html.unescape("".join(re.findall(r">([^<\n]*)</text>", line))).rstrip() + "\n" for line in lines)


def main() -> None:
    parser = ArgumentParser(prog="python -m benchmarks.terminal", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs"), help="where the pictures are written")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        lines = record(Path(folder))
    for name, theme in THEMES.items():
        (options.folder / f"terminal-{name}.svg").write_text(draw(lines, theme), encoding="utf-8", newline="\n")
    print(text_of_lines(lines), end="")


if __name__ == "__main__":
    main()
