from __future__ import annotations

import inspect
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import nnfang as library
from nnfang import commands, errors
from nnfang.commands import COMMANDS, warnings_as_messages
from nnfang.errors import NnfangWarning
from tests.commands.pages import find_command, list_paths

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang

REFERENCE = Path(__file__).parents[2] / "docs" / "commands.md"

EXIT_CODES: dict[str, int] = {
    name: kind.exit_code
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, errors.NnfangError)
}


def test_help_lists_each_command_once_with_a_verb(nnfang: Nnfang) -> None:
    result = nnfang("--help")
    assert result.stderr == ""
    listed = re.findall(r"^  (\w+)  +([A-Z]\w+) ", result.stdout, re.MULTILINE)
    assert [name for name, _ in listed] == list(COMMANDS)
    files = Path(commands.__file__).parent.glob("*.py")
    assert set(COMMANDS) == {
        path.stem.removesuffix("_")
        for path in files
        if "\ndef command(" in path.read_text() and path.stem != "formatting"
    }


@pytest.mark.parametrize("arguments", [("-h",), ("train", "-h")], ids=" ".join)
def test_the_short_form_of_help_is_the_long_one(arguments: tuple[str, ...], nnfang: Nnfang) -> None:
    assert nnfang.inside(*arguments).stdout == nnfang.inside(*arguments[:-1], "--help").stdout


def test_the_version_is_that_of_the_package(nnfang: Nnfang) -> None:
    assert nnfang("--version").stdout == nnfang("-V").stdout == f"nnfang {library.__version__}\n"


def test_without_a_command_the_help_is_shown(nnfang: Nnfang) -> None:
    result = nnfang(code=2)
    assert "Classify pictures" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("arguments", "page"),
    [((), ("--help",)), (("train",), ("train", "--help")), (("data", "fetch"), ("data", "fetch", "--help"))],
)
def test_help_is_a_command_too(arguments: tuple[str, ...], page: tuple[str, ...], nnfang: Nnfang) -> None:
    assert nnfang.inside("help", *arguments).stdout == nnfang.inside(*page).stdout
    assert 'Did you mean "train"?' in nnfang.inside("help", "trian", code=2).stderr
    assert '"nnfang train" has no commands of its own' in nnfang.inside("help", "train", "run", code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trian",), ['"trian"', 'Did you mean "train"?']),
        (
            ("xyz",),
            [
                '"xyz"',
                "Known: predict, explain, evaluate, compare, export, train, sweep, import, check, diagnose, verify, ",
            ],
        ),
        (
            ("data", "fecth"),
            ['Did you mean "fetch"? Known: list, fetch, '],
        ),
        (("data", "list", "mnist"), ['Unexpected argument "mnist".']),
        (("version",), ['Did you mean "--version"?']),
        (("test",), ['Did you mean "evaluate"?']),
        (("--verion",), ["--verion"]),
        (("-v",), ['There is no option "-v". Did you mean "--version"?']),
        (("--verbose", "train"), ['Did you mean "nnfang COMMAND --verbose"?']),
        (("evaluate", "--min-acuracy", "1"), ["--min-acuracy", "--min-accuracy"]),
        (("evaluate", "--split", "tset"), ["tset", "test"]),
        (("evaluate", "--format", "json"), ['Did you mean "--json"?']),
        (("evaluate", "--min-accuracy", "97"), ["found 97, expected a number from 0 to 1. Did you mean 0.97?"]),
        (("evaluate", "--min-accuracy", "nan"), ["found nan, expected a number from 0 to 1."]),
        (("predict", "--json", "a.png"), ['Did you mean "--format json"?']),
        (("predict", "--top", "0", "a.png"), ["found '0', expected an integer >= 1."]),
        (("verify", "-m", "run"), ['Did you mean "nnfang verify RUN"?']),
        (("train", "--lr", "abc"), ["found 'abc', expected a number."]),
        (("train", "--epochs", "2.5"), ["found '2.5', expected an integer."]),
        (("train", "--gpu"), ['There is no option "--gpu".\n']),
        (("train", "--bogus"), ['There is no option "--bogus".\n']),
        (("train", "--optimizer", "adam"), ['Did you mean "--set optimizer.type=adam"?']),
        (("train", "--momentum", "0.9"), ['Did you mean "--set optimizer.type=momentum"?']),
        (("train", "--weight-decay", "0.9"), ['Did you mean "--set optimizer.weight_decay=VALUE"?']),
        (("train", "--hidden", "64"), ['Did you mean "--set layers[0].units=64"?']),
        (("train", "--engine", "batch"), ['Did you mean "--set engine=VALUE"?']),
        (("train", "--dropout", "0.5"), ['Did you mean "layers: [..., {type: dropout}, ...]"?']),
        (("train", "mnist"), ["Did you mean --dataset mnist?"]),
        (("train", "tiny"), ["Did you mean -c tiny?"]),
        (("train", "mine.yaml"), ["Did you mean -c mine.yaml?"]),
        (("train", "-c", "tiny", "-c", "deep"), ["tiny, deep: one recipe at a time"]),
        (("train", "--max-iter", "3"), ['Did you mean "--epochs"?']),
        (("train", "--random-state", "3"), ['Did you mean "--seed"?']),
        (("train", "-b", "8"), ['Did you mean "--batch-size"?']),
        (("train", "-f"), ['There is no option "-f".\n']),
        (("train", "-m", "run"), ['Did you mean "--resume"?']),
        (("export", "-o", "a.npz"), ['Did you mean "nnfang export FILE.npz"?']),
        (("export", "run", "a.npz"), ["Did you mean nnfang export -m RUN a.npz?"]),
        (("evaluate", "run"), ["Did you mean --model run?"]),
        (("evaluate", "mnist-sample"), ["Did you mean --dataset mnist-sample?"]),
        (("predict", "--format", "xml", "a.png"), ["xml", "json"]),
        (("predict",), ["IMAGE"]),
    ],
    ids=" ".join,
)
def test_a_slip_of_the_keyboard_is_answered_by_what_is_possible(
    arguments: tuple[str, ...], words: list[str], nnfang: Nnfang
) -> None:
    result = nnfang.inside(*arguments, code=2)
    assert result.stdout == ""
    assert "Usage: nnfang" in result.stderr
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "-c", ""),
        ("train", "-o", ""),
        ("train", "--dataset", ""),
        ("evaluate", "-m", ""),
        ("train", "--resume", ""),
        ("diagnose", ""),
        ("predict", "-m", "", "a.png"),
        ("predict", ""),
    ],
    ids=" ".join,
)
def test_a_variable_of_the_shell_that_is_not_set_is_no_path(arguments: tuple[str, ...], nnfang: Nnfang) -> None:
    assert "is a variable of your shell not set?" in nnfang.inside(*arguments, code=2).stderr.replace("\n", " ")


@pytest.mark.parametrize("units", [10**12, 10**18, 10**30])
def test_a_network_larger_than_the_memory_is_a_message(units: int, nnfang: Nnfang) -> None:
    result = nnfang("train", "--dataset", "mnist-sample", "--set", f"layers[0].units={units}", code=1)
    assert result.stderr.startswith("Error: not enough memory: unable to allocate")
    assert not re.search(r"\d [a-z]ib ", result.stderr), "a unit in small letters"
    assert len(result.stderr.splitlines()) == 1


def test_a_warning_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings_as_messages():
        for text in ("the cache cannot be used", "the cache cannot be used", "the disk is nearly full"):
            warnings.warn(text, NnfangWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: the cache cannot be used\nwarning: the disk is nearly full\n"


def test_help_imports_nothing_heavy() -> None:
    code = """
import sys
import warnings
from nnfang.commands import cli
try:
    cli(["--help"], prog_name="nnfang")
except SystemExit:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    slow = {"numpy", "rich", "yaml", "pooch", "PIL", "msgspec", "requests", "logging", "statistics", "traceback"}
    assert not slow & set(process.stderr.split())


def test_the_exit_codes_are_documented_where_they_are_defined() -> None:
    assert errors.__doc__
    documented = dict(re.findall(r"^(?:[│ ]*[├└]── )?(\w+Error) +(\d)  ", errors.__doc__, re.MULTILINE))
    assert documented == {name: str(code) for name, code in EXIT_CODES.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_has_a_section_for_every_command(name: str) -> None:
    assert f"## `nnfang {name}`\n" in REFERENCE.read_text(encoding="utf-8")


def test_the_reference_mentions_every_long_option() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    options = {option for path in list_paths() for parameter in find_command(*path).params for option in parameter.opts}
    long = sorted(option for option in options if option.startswith("--"))
    assert [option for option in long if not re.search(rf"{option}(?![\w-])", text)] == []


def test_the_reference_mentions_every_exit_code() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    codes = sorted({0, *EXIT_CODES.values(), 130, 143})
    assert [code for code in codes if not re.search(rf"\b{code}\b", text)] == []


def test_a_traceback_is_shown_to_whoever_asks_for_it(nnfang: Nnfang) -> None:
    message = nnfang.inside("predict", "-m", "none.npz", "sample:7", code=6).stderr
    assert message == "Error: none.npz: there is no such file\n"
    asked = subprocess.run(
        [sys.executable, "-m", "nnfang", "predict", "-m", "none.npz", "sample:7"],
        cwd=nnfang.folder,
        env={**nnfang.environment, "NNFANG_DEBUG": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 6
    assert asked.stderr.startswith("Traceback (most recent call last):\n")
    assert "FileNotFoundError" in asked.stderr
    assert asked.stderr.endswith(message)
