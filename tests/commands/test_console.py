from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest

from nnfang.commands import console

if TYPE_CHECKING:
    from tests.commands.terminal import OpenTerminal


@pytest.mark.parametrize(("fraction", "text"), [(0, "0.00%"), (0.97925, "97.92%"), (0.97926, "97.93%"), (1, "100.00%")])
def test_a_fraction_is_shown_in_percent(fraction: float, text: str) -> None:
    assert console.percent(fraction) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 epochs"), (1, "1 epoch"), (2, "2 epochs"), (1000, "1,000 epochs")])
def test_a_count_agrees_with_its_noun(number: int, text: str) -> None:
    assert console.count(number, "epoch") == text


@pytest.mark.parametrize(
    ("name", "in_json", "in_a_line"),
    [
        ("digit.png", "digit.png", "digit.png"),
        ("é 手.png", "é 手.png", "é 手.png"),
        ("a\nb\t.png", "a\nb\t.png", r"a\nb\t.png"),
        ("\x1b[31m.png", "\x1b[31m.png", r"\x1b[31m.png"),
        (os.fsdecode(b"a\xff.png"), r"a\xff.png", r"a\xff.png"),
    ],
    ids=ascii,
)
def test_names_of_files_can_be_shown_and_written(name: str, in_json: str, in_a_line: str) -> None:
    assert console.encodable(name) == in_json
    assert console.one_line(name) == in_a_line


def test_a_table_has_aligned_columns_and_nothing_behind_them() -> None:
    lines = console.table(["class", "n"], [["a", "1,000"], ["longer", ""]]).splitlines()
    assert lines == ["class       n", "a       1,000", "longer"]


@pytest.mark.parametrize(
    ("variables", "live"),
    [
        ({}, True),
        ({"CI": ""}, True),
        ({"NO_COLOR": "1"}, True),
        ({"CI": "true"}, False),
        ({"CI": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
    ids=str,
)
def test_a_terminal_is_live_unless_it_says_otherwise(
    variables: dict[str, str], live: bool, open_terminal: OpenTerminal
) -> None:
    open_terminal(**variables)
    assert console.is_live() is live


@pytest.mark.parametrize("stream", [io.StringIO(), None], ids=["pipe", "closed"])
def test_what_is_no_terminal_is_not_live(
    stream: io.StringIO | None, open_terminal: OpenTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_terminal()
    monkeypatch.setattr("sys.stderr", stream)
    assert not console.is_live()
    console.note("nobody hears this, and nothing breaks")


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=str,
)
def test_only_the_word_warning_is_coloured_and_only_where_wanted(
    variables: dict[str, str], coloured: bool, open_terminal: OpenTerminal
) -> None:
    terminal = open_terminal(**variables)
    console.warn("take care")
    assert terminal.getvalue() == ("\x1b[33mwarning:\x1b[0m take care\n" if coloured else "warning: take care\n")


def test_a_message_that_quotes_a_strangers_file_leaves_the_terminal_alone(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_error("a\x1b[2Jb\nc\r\u202ed\udcff")
    console.warn("\x07")
    assert capsys.readouterr().err == "Error: a\\x1b[2Jb\nc\\r\\u202ed\\udcff\nwarning: \\x07\n"
