"""Runs what a page shows, in the order of the page and in one folder, and compares what comes out with what is shown.

Numbers that differ from machine to machine compare as numbers: those with a fraction, a separator of thousands or a
colon, and those of five digits or more. So do digests, and the width of columns. Percentages may differ by a point; the
values of a config, such as ``learning_rate: 0.01``, not at all. "…" stands for what is left out: for some lines where
it is alone on a line, for some characters within one.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

from tests.documentation.pages import OUTPUT, ROOT, Block, find_blocks

NNFANG = "import sys; sys.modules['numba'] = None; from nnfang.commands import main; main()"
"""The program as it is without the extra turbo, whether or not that is installed."""

PRELUDE = """nnfang() { "$PYTHON" -c "$NNFANG" "$@"; }
python() { "$PYTHON" "$@"; }
"""

LEFT_OUT = "…"

VARIES = re.compile(
    r"\b[0-9a-f]{16,64}\b|(?<!\w: )(?<!\d)(?<!\d[.,:])(?:\d+(?:[.,:]\d+)+(?:e[-+]?\d+)?|\d+e[-+]?\d+|\d{5,})(?![\d%])"
)
PERCENTAGE = re.compile(r"(\d+\.\d+)%")
POINT = 1.0
"""By how much a percentage may differ."""

BETWEEN = "\0"
TIME_LIMIT = 60


@dataclass(frozen=True)
class Shown:
    """What a page shows as output.

    Attributes:
        command: What is said to print it.
        start: Where it begins in the page.
        text: What the page shows.
        found: What came out.
    """

    command: str
    start: int
    text: str
    found: str

    @property
    def is_right(self) -> bool:
        """Whether the one is the other, but for what varies."""
        return matches(self.text, self.found)


def matches(shown: str, found: str) -> bool:
    """Whether the output `found` is as `shown`."""
    lines = [r"(?:.*\n)*" if line.strip() == LEFT_OUT else _line_pattern(line) for line in shown.splitlines()]
    match = re.fullmatch("".join(lines), "".join(f"{_simplify(line)}\n" for line in found.splitlines()))
    if not match:
        return False
    pairs = zip(PERCENTAGE.findall(shown), match.groups(), strict=True)
    return all(abs(float(one) - float(other)) <= POINT for one, other in pairs)


def _line_pattern(line: str) -> str:
    """A line as a pattern with a group for each percentage."""
    parts = (PERCENTAGE.split(part) for part in _simplify(line).split(LEFT_OUT))
    return ".*".join(r"(\d+\.\d+)%".join(map(re.escape, part[::2])) for part in parts) + r"\n"


def _simplify(line: str) -> str:
    return re.sub(r"\s+", " ", VARIES.sub("0.0", line)).rstrip()


def replay(page: str, folder: Path) -> Iterator[Shown]:
    """Run the blocks of a page, in `folder`, where configs/ is as in a clone.

    The Python of a page is one program, run where its first block stands.
    """
    copytree(ROOT / "configs", folder / "configs", dirs_exist_ok=True)
    blocks = find_blocks(page)
    programs = [block for block in blocks if block.language == "python" and block.is_run]
    for block in blocks:
        if block.language == "console" and block.is_run:
            yield from _replay_commands(block, folder)
        elif programs and block is programs[0]:
            yield from _replay_programs(programs, blocks, folder)


def _replay_commands(block: Block, folder: Path) -> Iterator[Shown]:
    for m in re.finditer(r"^\$ (.*\n(?:> .*\n)*)((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
        command = re.sub(r"^> ", "", m[1], flags=re.MULTILINE)
        yield Shown(command.strip(), block.start + m.start(2), m[2], run(["sh", "-c", PRELUDE + command], folder))


def _replay_programs(programs: list[Block], blocks: list[Block], folder: Path) -> Iterator[Shown]:
    code = f"print({BETWEEN!r}, end='')\n".join(block.text for block in programs)
    printed = run([sys.executable, "-c", code], folder, check=True).split(BETWEEN)
    for block, found in zip(programs, printed, strict=True):
        following = blocks[blocks.index(block) + 1 :]
        output = next((other for other in following[:1] if other.language == OUTPUT), Block(OUTPUT, "", "", 0))
        yield Shown(block.text.splitlines()[0], output.start, output.text, found)


def run(command: list[str], folder: Path, *, check: bool = False) -> str:
    """What a command prints on stdout and stderr together, as a terminal shows it."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TIME_LIMIT,
        check=False,
    )
    text = done.stdout.decode(errors="backslashreplace")
    assert not (check and done.returncode), text
    assert "Traceback" not in text, text
    return text


def environment(folder: Path) -> dict[str, str]:
    """That of a newcomer who is not connected to the network."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NNFANG_", "_NNFANG")) and name not in {"CI", "COLUMNS", "FORCE_COLOR", "NO_COLOR"}
    }
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    cache = str(folder.parent / "cache")
    here = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHON": sys.executable, "NNFANG": NNFANG}
    return own | proxies | here | {"NNFANG_DATA_DIR": cache, "OPENBLAS_NUM_THREADS": "1"}


def shorten(shown: Shown) -> str:
    """What to show instead: what came out, with that left out which was left out before."""
    kept = [line for line in shown.text.splitlines(keepends=True) if LEFT_OUT in line.strip(f"{LEFT_OUT} \n")]
    found = shown.found.splitlines(keepends=True)
    lines = [next((line for line in kept if matches(line, part)), part) for part in found]
    parts = re.split(rf"^{LEFT_OUT}\n", shown.text, flags=re.MULTILINE)
    if len(parts) == 1:
        return "".join(lines)
    first, last = parts[0].count("\n"), parts[-1].count("\n")
    return "".join([*lines[:first], f"{LEFT_OUT}\n", *lines[len(lines) - last :]])
