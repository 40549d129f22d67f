"""One gate to the terminal: what a stranger's file says reaches nobody's terminal as it is, nor at any length."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from nnfang.commands import console
from nnfang.commands.console import LONGEST_LINE, MOST_LINES, shorten

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang

PACKAGE = Path(__file__).parents[2] / "nnfang"
GATE = PACKAGE / "commands" / "console.py"
EXPORTED = PACKAGE / "exports" / "python_file" / "program"
"""The program of an exported Python file, which is read in nnfang but never run; its own tests try hostile names."""

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != GATE and EXPORTED not in path.parents)

WRITERS = re.compile(
    r"(builtins\.)?print|pprint|(click\.)?(echo|secho|confirm|prompt|pause|echo_via_pager|progressbar|version_option)"
    r"|input|sys\.__?std\w+\.\w+|sys\.std(out|err)\.(write|writelines|buffer\.write)"
    r"|\w+(\.\w+)*\.console\.\w+|rich\.print|(logging\.)?(StreamHandler|basicConfig|lastResort)|traceback\.print_\w+"
)
"""Calls by which something is written to the terminal."""


ALLOWED = {"commands/bars.py": ["self.bar.console.print"]}
"""The line of an epoch has to be written by rich, above its bar."""


def writers(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    to_descriptors = [ast.unparse(call) for call in calls if ast.unparse(call).startswith(("os.write(1", "os.write(2"))]
    return to_descriptors + [name for call in calls if WRITERS.fullmatch(name := ast.unparse(call.func))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_nobody_writes_beside_the_gate(path: Path) -> None:
    assert writers(path) == ALLOWED.get(path.relative_to(PACKAGE).as_posix(), [])


def test_the_search_finds_the_writers_of_the_gate() -> None:
    assert set(writers(GATE)) == {"click.echo", "sys.stderr.write"}


@pytest.mark.parametrize(
    "code", ["print(1)", "click.echo(1)", "sys.stdout.write('')", "os.write(1, b'')", "self.bar.console.print('')"]
)
def test_the_search_finds_what_it_looks_for(code: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(code)
    assert len(writers(tmp_path / "a.py")) == 1


HOSTILE = "\x1b]0;owned\x07\x9b31m\x7f\u202e\r{}"
"""A title for the terminal, a colour, a deletion, text from right to left, and a return to the start of the line."""

RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of two hostile classes, with a hostile name."""
    folder = tmp_path_factory.mktemp("hostile") / HOSTILE.format("data")
    rng = np.random.default_rng(0)
    for split, images in (("train", 12), ("test", 4)):
        for label in ("a", "b"):
            place = folder / split / HOSTILE.format(label)
            place.mkdir(parents=True)
            for number in range(images):
                Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(place / f"{number}.png")
    return folder


def test_names_of_a_stranger_reach_no_terminal(folder: Path, nnfang: Nnfang) -> None:
    run, data = f"runs/{HOSTILE.format('run')}", str(folder)
    picture = str(next(folder.rglob("*.png")))
    blank = str(folder / HOSTILE.format("blank.png"))
    Image.new("L", (8, 8)).save(blank)
    commands = [
        ("train", "--dataset", data, "--epochs", "1", "--batch-size", "4", "-o", run, "-v"),
        ("train", "--dataset", data, "--epochs", "1", "--batch-size", "4", "-o", run, "--force", "--json"),
        ("train", "--resume", run, "--epochs", "2", "-v"),
        ("train", "--dataset", data, "-o", run),
        ("train", "--dataset", data, "--print-config"),
        ("evaluate", "-v"),
        ("evaluate", "--json"),
        ("predict", "-v", picture, blank, HOSTILE),
        ("predict", "--format", "csv", "--top", "2", picture, blank, HOSTILE),
        ("predict", "--format", "json", "--top", "2", picture, blank, HOSTILE),
        ("export", "-v", HOSTILE.format("") + ".npz"),
        ("verify", "-v"),
        ("runs",),
        ("runs", "--json"),
        ("inspect",),
        ("inspect", "--json"),
        ("diagnose",),
        ("diagnose", "--json"),
        ("verify", HOSTILE),
        (HOSTILE,),
        ("train", f"--{HOSTILE}"),
        ("evaluate", "--split", HOSTILE),
    ]
    codes = {"predict": 1, HOSTILE: 2}
    for arguments in commands:
        is_wrong = arguments[:2] in {("train", f"--{HOSTILE}"), ("evaluate", "--split"), ("verify", HOSTILE)}
        expected = 2 if is_wrong or arguments[-2:] == ("-o", run) else codes.get(arguments[0], 0)
        result = nnfang.inside(*arguments, code=6 if arguments == ("verify", HOSTILE) else expected)
        assert not RAW.search(result.stdout), arguments
        assert not RAW.search(result.stderr.replace("\r\n", "\n")), arguments
    assert "\\x1b]0;owned" in nnfang.inside("evaluate").stdout


def test_json_holds_the_names_as_they_are(folder: Path, nnfang: Nnfang) -> None:
    nnfang.inside("train", "--dataset", str(folder), "--epochs", "1", "--batch-size", "4", "-o", "run", "-q")
    result = nnfang.inside("evaluate", "-m", "run", "--json", "-q")
    assert set(result.objects[0]["per_class"]) == {HOSTILE.format("a"), HOSTILE.format("b")}


@pytest.mark.parametrize("length", [10**4, 2 * 10**5])
def test_a_message_is_no_longer_than_a_screen(length: int, nnfang: Nnfang) -> None:
    (nnfang.folder / "a.yaml").write_text(f"epochs: {'x' * length}\n")
    for arguments in (
        ("train", "--set", f"epochs={'9' * length}"),
        ("train", "--set", "x" * length),
        ("train", "-c", "a.yaml"),
        ("train", "--dataset", "x" * length),
        ("evaluate", "--split", "x" * length),
        ("x" * length,),
        ("train", f"--{'x' * length}"),
    ):
        result = nnfang.inside(*arguments, code=5 if "--dataset" in arguments else 2)
        assert len(result.stderr) < 10 * LONGEST_LINE, arguments


def test_long_messages_are_shortened_in_the_middle() -> None:
    assert shorten("x" * LONGEST_LINE) == "x" * LONGEST_LINE
    half = LONGEST_LINE // 2
    assert shorten("a" * half + "b" * 5000 + "c" * half) == f"{'a' * half} ... 5,000 characters ... {'c' * half}"
    assert shorten("a\n" * (MOST_LINES - 1)) == "a\n" * (MOST_LINES - 1)
    assert shorten("\n".join("a" * 1000)).splitlines()[-1] == f"... and {1000 - MOST_LINES + 1} more lines"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("手 é \u202f \u3000 👩‍💻", "手 é \u202f \u3000 👩‍💻"),
        ("a\tb\nc\rd", r"a\tb\nc\rd"),
        ("\x1b[31m\x9b", r"\x1b[31m\x9b"),
        ("caf\udce9", r"caf\xe9"),
        ("\ud800", r"\ud800"),
        ("\u202eabc\u2066", r"\u202eabc\u2066"),
    ],
)
def test_only_what_is_dangerous_is_escaped(name: str, shown: str) -> None:
    assert console.one_line(name) == shown


@pytest.mark.parametrize("rate", ["1e30", "1e300"])
@pytest.mark.parametrize("options", [(), ("--set", "optimizer.type=adam"), ("--set", "dtype=float64")])
def test_absurd_numbers_bring_no_warnings_of_numpy(rate: str, options: tuple[str, ...], nnfang: Nnfang) -> None:
    result = nnfang.train("--learning-rate", rate, *options, "-o", "run", "-q", code=4)
    assert "encountered" not in result.stderr
