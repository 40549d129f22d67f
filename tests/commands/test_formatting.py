from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest

from nnfang.commands import cli
from nnfang.commands.formatting import Command, Option
from nnfang.commands.groups import Group
from tests.commands.pages import find_command, list_paths

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang

PATHS = list_paths()


@pytest.mark.parametrize("page", [(), *PATHS], ids=" ".join)
def test_help_fits_the_terminal_and_breaks_no_word(page: tuple[str, ...], nnfang: Nnfang) -> None:
    texts = {}
    for columns in (50, 80, 120):
        texts[columns] = nnfang.inside(*page, "--help", environment={"COLUMNS": str(columns)}).stdout
        assert max(map(len, texts[columns].splitlines())) <= columns
    words = {columns: text.replace("\\\n", " ").replace("#", " ").split() for columns, text in texts.items()}
    assert words[50] == words[80] == words[120]


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_the_examples_of_a_command_can_be_typed(path: tuple[str, ...]) -> None:
    command = find_command(*path)
    assert isinstance(command, Command | Group)
    assert len(command.examples) >= 2
    for line in command.examples.values():
        words = shlex.split(re.sub(r"^.*\| *|^.*\$\(|\)\"$| *>.*$", "", line))
        assert words[: len(path) + 1] == ["nnfang", *path]
        rest = words[len(path) + 1 :]
        command.make_context(path[-1], rest, parent=click.Context(cli, **cli.context_settings))
        if isinstance(command, Group):
            assert (*path, rest[0]) in PATHS


def test_every_option_has_help_and_a_group() -> None:
    for path in PATHS:
        for option in find_command(*path).params:
            if isinstance(option, click.Option):
                assert isinstance(option, Option), (path, option.name)
                assert option.help
                assert re.match(r"[A-Z].*[.\]]$", option.help, re.DOTALL), option.help


def test_the_help_of_train_has_its_parts_in_order(nnfang: Nnfang) -> None:
    text = nnfang.inside("train", "-h").stdout
    assert re.findall(r"^(\S.*):$", text, re.MULTILINE) == [
        "Recipe",
        "Data",
        "Network and optimizer",
        "Sweep",
        "Resume",
        "Output",
        "Other options",
        "Examples",
    ]
    assert text.count("--epochs N ") == 1


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
    ids=str,
)
def test_help_is_coloured_only_where_that_is_wanted(variables: dict[str, str], coloured: bool, nnfang: Nnfang) -> None:
    text = nnfang("train", "--help", environment=variables).stdout
    assert ("\x1b[" in text) is coloured
