from __future__ import annotations

import io
import os
from pathlib import Path
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
    assert terminal.getvalue() == ("\x1b[35m\x1b[1mwarning:\x1b[0m take care\n" if coloured else "warning: take care\n")


def test_a_message_that_quotes_a_strangers_file_leaves_the_terminal_alone(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_error("a\x1b[2Jb\nc\r\u202ed\udcff")
    console.warn("\x07")
    assert capsys.readouterr().err == "Error: a\\x1b[2Jb\nc\\r\\u202ed\\xff\nwarning: \\x07\n"


@pytest.mark.parametrize("columns", [50, 80, 120])
def test_a_terminal_gets_lines_that_end_between_words(columns: int, open_terminal: OpenTerminal) -> None:
    text = (
        "summary        of a training, whose words are many, so that they need several lines on every terminal of a "
        "usual width, even on a wide one\nshort line"
    )
    terminal = open_terminal(COLUMNS=str(columns))
    console.note(text)
    lines = terminal.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    assert " ".join(terminal.getvalue().split()) == " ".join(text.split())
    assert all(line.startswith(" " * 15) for line in lines[1:-1])  # below the words, not below their label


def test_a_pipe_and_a_log_get_whole_lines(
    open_terminal: OpenTerminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    console.note("word " * 40)
    assert capsys.readouterr().err == f"{'word ' * 40}\n"
    terminal = open_terminal(CI="1")
    console.note("word " * 40)
    assert terminal.getvalue() == f"{'word ' * 40}\n"


def test_a_command_to_paste_has_the_quotes_that_a_shell_needs() -> None:
    assert console.command_line("predict", "-m", Path("runs/my run"), "sample:7") == (
        "nnfang predict -m 'runs/my run' sample:7"
    )
