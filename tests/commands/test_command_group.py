from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

import nnfang as library
from nnfang import errors
from nnfang.commands import COMMANDS, cli

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang

REFERENCE = Path(__file__).parents[2] / "docs" / "commands.md"

EXIT_CODES: dict[str, int] = {
    name: kind.exit_code
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, errors.NnfangError)
}


def find_command(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command
    return command


def test_help_lists_the_commands_in_the_order_of_their_use_with_examples(nnfang: Nnfang) -> None:
    result = nnfang("--help")
    assert result.stderr == ""
    listed = re.findall(r"^  (\w+)  +\S", result.stdout.partition("Commands:")[2], re.MULTILINE)
    assert listed == list(COMMANDS) == ["train", "evaluate", "predict", "export", "verify", "recipes", "info", "bench"]
    for name in COMMANDS:
        assert re.search(rf"^  nnfang {name}", result.stdout, re.MULTILINE)
    assert "..." not in result.stdout.partition("Commands:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_has_examples_and_fits_a_terminal(name: str, nnfang: Nnfang) -> None:
    text = nnfang.inside(name, "-h").stdout
    assert len(re.findall(rf"^  .*nnfang {name}", text, re.MULTILINE)) >= 2
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_command_have_options_that_exist(name: str) -> None:
    command = find_command(name)
    assert command.help
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    used = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", command.help))
    assert used
    assert used <= known


def test_every_option_has_help() -> None:
    for name in COMMANDS:
        assert all(option.help for option in find_command(name).params if isinstance(option, click.Option)), name


@pytest.mark.parametrize("arguments", [("-h",), ("train", "-h")], ids=" ".join)
def test_the_short_form_of_help_is_the_long_one(arguments: tuple[str, ...], nnfang: Nnfang) -> None:
    assert nnfang.inside(*arguments).stdout == nnfang.inside(*arguments[:-1], "--help").stdout


def test_the_version_is_that_of_the_package(nnfang: Nnfang) -> None:
    assert nnfang("--version").stdout == f"nnfang {library.__version__}\n"


def test_without_a_command_the_help_is_shown(nnfang: Nnfang) -> None:
    result = nnfang(code=2)
    assert "nnfang train --epochs 20" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trian",), ['"trian"', 'Did you mean "train"?']),
        (("xyz",), ['"xyz"', "Known: train, evaluate, predict, export, verify, recipes, info, bench."]),
        (("--verion",), ["--verion"]),
        (("evaluate", "--min-acuracy", "1"), ["--min-acuracy", "--min-accuracy"]),
        (("evaluate", "--split", "tset"), ["tset", "test"]),
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
    [("train", "-c", ""), ("train", "-o", ""), ("evaluate", "-m", ""), ("predict", "-m", "", "a.png"), ("predict", "")],
    ids=" ".join,
)
def test_a_variable_of_the_shell_that_is_not_set_is_no_path(arguments: tuple[str, ...], nnfang: Nnfang) -> None:
    assert "is a variable of your shell not set?" in nnfang.inside(*arguments, code=2).stderr.replace("\n", " ")


@pytest.mark.parametrize("units", [10**12, 10**18, 10**30])
def test_a_network_larger_than_the_memory_is_a_message(units: int, nnfang: Nnfang) -> None:
    result = nnfang("train", "--dataset", "mnist-sample", "--set", f"layers[0].units={units}", code=1)
    assert result.stderr.startswith("Error: not enough memory: unable to allocate")
    assert len(result.stderr.splitlines()) == 1


def test_help_imports_nothing_heavy() -> None:
    code = """
import sys
from nnfang.commands import cli
try:
    cli(["--help"], prog_name="nnfang")
except SystemExit:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "rich", "yaml", "pooch", "PIL", "msgspec", "requests"} & set(process.stderr.split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_can_be_printed(shell: str, nnfang: Nnfang) -> None:
    script = nnfang(environment={"_NNFANG_COMPLETE": f"{shell}_source"}).stdout
    assert "_NNFANG_COMPLETE" in script
    assert f"{shell}_complete" in script


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("nnfang ", set(COMMANDS)),
        ("nnfang train --dataset fa", {"fashion-mnist"}),
        ("nnfang evaluate --split ", {"train", "validation", "test"}),
        ("nnfang predict --fo", {"--format"}),
    ],
)
def test_the_shell_completes(words: str, expected: set[str], nnfang: Nnfang) -> None:
    environment = {"_NNFANG_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    answers = nnfang.inside(environment=environment).stdout.split()
    assert {answer.partition(",")[2] for answer in answers} == expected


def test_the_exit_codes_are_documented_where_they_are_defined() -> None:
    assert errors.__doc__
    documented = dict(re.findall(r"^(?:[│ ]*[├└]── )?(\w+Error) +(\d)  ", errors.__doc__, re.MULTILINE))
    assert documented == {name: str(code) for name, code in EXIT_CODES.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_has_a_section_for_every_command(name: str) -> None:
    assert f"## `nnfang {name}`\n" in REFERENCE.read_text(encoding="utf-8")


def test_the_reference_mentions_every_long_option() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    options = {option for name in COMMANDS for parameter in find_command(name).params for option in parameter.opts}
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
