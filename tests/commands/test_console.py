from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from nnfang.commands import console
from nnfang.training.events import Epoch, Progress


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


OpenTerminal = Callable[..., Terminal]


@pytest.fixture
def open_terminal(monkeypatch: pytest.MonkeyPatch) -> OpenTerminal:
    """Puts stderr on a terminal that can do what terminals do, but for what the given variables say."""
    for name in ("CI", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def call(**variables: str) -> Terminal:
        stream = Terminal()
        monkeypatch.setattr("sys.stderr", stream)
        for name, value in ({"TERM": "xterm-256color", "COLUMNS": "80"} | variables).items():
            monkeypatch.setenv(name, value)
        return stream

    return call


def make_epoch(number: int, *, val: float | None = 0.9) -> Epoch:
    return Epoch(number, 0.25, 0.875, val and 1 - val, val, 0.01, 2.0, 12_345.6, "d1", is_best=True)


PROGRESS = Progress(epoch=2, seen=500, images=1000, loss=0.5, accuracy=0.75, seconds=0.1)


@pytest.mark.parametrize(("share", "text"), [(0, "0.00%"), (0.97925, "97.92%"), (0.97926, "97.93%"), (1, "100.00%")])
def test_a_share_is_shown_in_percent(share: float, text: str) -> None:
    assert console.percent(share) == text


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


@pytest.mark.parametrize(
    ("epoch", "line"),
    [
        (make_epoch(3), "epoch  3/20  loss 0.2500  accuracy 87.50%  val_loss 0.1000  val_accuracy 90.00%"),
        (make_epoch(20, val=None), "epoch 20/20  loss 0.2500  accuracy 87.50%"),
    ],
)
def test_an_epoch_is_a_line_that_fits_a_terminal(epoch: Epoch, line: str) -> None:
    assert console.epoch_line(epoch, 20) == line
    assert len(line) <= 80


def test_plain_lines_say_how_fast_and_how_long_still(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([100.0, 160.0, 220.0])
    monkeypatch.setattr(console, "monotonic", lambda: next(times))
    with console.training_view(2, quiet=False) as view:
        for event in (PROGRESS, make_epoch(1), make_epoch(2)):
            view.show(event)
    output = capsys.readouterr()
    assert output.out == ""
    assert [line.rpartition("%  ")[2] for line in output.err.splitlines()] == [
        "12,346 images/s  0:01:00 left",
        "12,346 images/s  0:00:00 left",
    ]


def test_quiet_shows_nothing(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    with console.training_view(2, quiet=True) as view:
        view.show(PROGRESS)
        view.show(make_epoch(1))
    assert terminal.getvalue() == ""
    assert console.download_progress(quiet=True) is None


@pytest.mark.parametrize(("columns", "has_figures"), [(80, True), (40, False)])
def test_the_bar_shows_figures_where_there_is_room(
    columns: int, has_figures: bool, open_terminal: OpenTerminal
) -> None:
    terminal = open_terminal(COLUMNS=str(columns))
    with console.training_view(2, quiet=False) as view:
        view.show(make_epoch(1))
        view.show(PROGRESS)
    screen = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal.getvalue())
    assert "epoch 1/2  loss 0.2500  accuracy 87.50%  val_loss 0.1000  val_accuracy 90.00%\n" in screen
    assert "epoch 2/2 ━━" in screen
    assert ("loss 0.5000  accuracy 75.00%  5,000 images/s" in screen) is has_figures


def test_the_bar_is_closed_when_training_fails(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    with pytest.raises(ValueError, match="format code"), console.training_view(2, quiet=False) as view:
        view.show(replace(PROGRESS, loss="not a number"))  # type: ignore[arg-type]
    assert terminal.getvalue().rindex("\x1b[?25h") > terminal.getvalue().rindex("\x1b[?25l")  # the cursor is back


def test_a_download_is_a_bar_on_a_terminal(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    bar = console.download_progress(quiet=False)("mnist: a file")
    bar.total = 2000
    bar.update(500)
    bar.reset()
    bar.update(2000)
    assert bar.total == 2000
    bar.close()
    screen = terminal.getvalue()
    assert "mnist: a file" in screen
    assert "2.0/2.0 kB" in screen


def test_a_download_is_one_line_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    line = console.download_progress(quiet=False)("mnist: a file")
    line.total = 2000
    line.update(500)
    line.reset()
    line.close()
    assert capsys.readouterr().err == "mnist: a file\n"


def test_a_message_that_quotes_a_strangers_file_leaves_the_terminal_alone(capsys: pytest.CaptureFixture[str]) -> None:
    console.complain("a\x1b[2Jb\nc\r\u202ed\udcff")
    console.warn("\x07")
    assert capsys.readouterr().err == "Error: a\\x1b[2Jb\nc\\r\\u202ed\\udcff\nwarning: \\x07\n"


def test_more_time_than_python_can_count_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    with console.training_view(10**30, quiet=False) as view:
        view.show(make_epoch(1))
    assert re.search(r"  11574074 days, .* left\n$", capsys.readouterr().err)
