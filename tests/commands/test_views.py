from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from nnfang.commands import lines, views
from nnfang.training.events import Epoch, Progress, Retry

if TYPE_CHECKING:
    from nnfang.training.events import Event
    from tests.commands.terminal import OpenTerminal, Terminal


def make_epoch(number: int, *, val: float | None = 0.9) -> Epoch:
    return Epoch(number, 0.25, 0.875, val and 1 - val, val, 0.01, 2.0, 12_345.6, "d1", is_best=True)


PROGRESS = Progress(epoch=2, seen=500, images=1000, loss=0.5, accuracy=0.75, seconds=0.1)


@pytest.mark.parametrize(
    ("epoch", "line"),
    [
        (make_epoch(3), "epoch  3/20  loss 0.2500  accuracy 87.50%  val_loss 0.1000  val_accuracy 90.00%"),
        (make_epoch(20, val=None), "epoch 20/20  loss 0.2500  accuracy 87.50%"),
    ],
)
def test_an_epoch_is_a_line_that_fits_a_terminal(epoch: Epoch, line: str) -> None:
    assert lines.epoch_line(epoch, 20) == line
    assert len(line) <= 80


def test_the_lines_of_a_long_training_fit_a_terminal(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal(COLUMNS="80")
    with views.training_view(150, quiet=False) as view:
        view.show(replace(make_epoch(7), accuracy=1.0, val_accuracy=1.0))
    screen = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal.getvalue())
    assert "epoch   7/150 loss 0.2500 accuracy 100.00% val_loss 0.1000 val_accuracy 100.00%\n" in screen


def test_plain_lines_say_how_fast_and_how_long_still(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([100.0, 160.0, 220.0])
    monkeypatch.setattr(lines, "monotonic", lambda: next(times))
    with views.training_view(2, quiet=False) as view:
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
    with views.training_view(2, quiet=True) as view:
        view.show(PROGRESS)
        view.show(make_epoch(1))
    assert terminal.getvalue() == ""
    assert views.download_progress(quiet=True) is None


@pytest.mark.parametrize(("columns", "has_figures"), [(80, True), (40, False)])
def test_the_bar_shows_figures_where_there_is_room(
    columns: int, has_figures: bool, open_terminal: OpenTerminal
) -> None:
    terminal = open_terminal(COLUMNS=str(columns))
    with views.training_view(2, quiet=False) as view:
        view.show(make_epoch(1))
        view.show(PROGRESS)
    screen = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal.getvalue())
    gap = "  " if has_figures else "\n  "
    assert f"epoch 1/2  loss 0.2500  accuracy 87.50%{gap}val_loss 0.1000  val_accuracy 90.00%\n" in screen
    assert "epoch 2/2 ━━" in screen
    assert ("loss 0.5000  accuracy 75.00%  5,000 images/s" in screen) is has_figures


def screen_after(terminal: Terminal, epochs: list[Epoch], event: Event) -> list[str]:
    """The lines that were drawn while the last event was shown."""
    with views.training_view(99, quiet=False) as view:
        for epoch in epochs:
            view.show(epoch)
        before = len(terminal.getvalue())
        view.show(event)
        view.bar.refresh()  # type: ignore[attr-defined]  # what the bar itself does ten times a second
        drawn = terminal.getvalue()[before:]
    return [line.rstrip() for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", drawn))]


@pytest.mark.parametrize("columns", [50, 80, 120])
@pytest.mark.parametrize("epochs", [2, 9, 98])
def test_below_the_bar_is_how_the_epochs_went(epochs: int, columns: int, open_terminal: OpenTerminal) -> None:
    terminal = open_terminal(COLUMNS=str(columns))
    done = [replace(make_epoch(i), loss=100 - i, val_accuracy=i / 100) for i in range(1, epochs + 1)]
    lines = screen_after(terminal, done, replace(PROGRESS, epoch=epochs + 1))
    *_, curves = [line for line in lines if line.startswith("val_accuracy")]  # the bar's own thread may draw, too
    assert re.fullmatch(rf"val_accuracy ▁\S*█ {epochs}.00%  loss █\S*▁ {100 - epochs}.0000", curves)
    assert len(curves) <= columns - len("^C")


@pytest.mark.parametrize(
    ("epochs", "columns"),
    [([], 80), ([make_epoch(1)], 80), ([make_epoch(1), make_epoch(2)], 40)],
    ids=["none", "one", "narrow"],
)
def test_there_is_no_curve_of_one_epoch_or_without_room(
    epochs: list[Epoch], columns: int, open_terminal: OpenTerminal
) -> None:
    terminal = open_terminal(COLUMNS=str(columns))
    lines = screen_after(terminal, epochs, replace(PROGRESS, epoch=3))
    assert not [line for line in lines if line.startswith("val_accuracy")]


def test_without_validation_images_there_is_the_loss_alone(open_terminal: OpenTerminal) -> None:
    epochs = [replace(make_epoch(i, val=None), loss=float(i)) for i in (1, 2, 3)]
    assert "loss ▁▅█ 3.0000" in screen_after(open_terminal(), epochs, replace(PROGRESS, epoch=4))


def test_after_a_retry_the_curve_goes_on_from_there(open_terminal: OpenTerminal) -> None:
    epochs = [replace(make_epoch(i, val=None), loss=float(i)) for i in (1, 2, 3)]
    assert "loss ▁█ 2.0000" in screen_after(open_terminal(), epochs, Retry(2, 450, 0.1, "training diverged"))


def test_the_bar_leaves_room_for_the_echo_of_ctrl_c(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal(COLUMNS="79")
    with views.training_view(400, quiet=False) as view:
        view.show(replace(PROGRESS, epoch=100))
    lines = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal.getvalue()).split("\r")
    assert max(len(line.rstrip("\n")) for line in lines) == 77


def test_the_bar_is_closed_when_training_fails(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    with pytest.raises(ValueError, match="format code"), views.training_view(2, quiet=False) as view:
        view.show(replace(PROGRESS, loss="not a number"))  # type: ignore[arg-type]
    assert terminal.getvalue().rindex("\x1b[?25h") > terminal.getvalue().rindex("\x1b[?25l")  # the cursor is back


def test_a_download_is_a_bar_on_a_terminal(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    bar = views.download_progress(quiet=False)("mnist: a file")
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
    line = views.download_progress(quiet=False)("mnist: a file")
    line.total = 2000
    line.update(500)
    line.reset()
    line.close()
    assert capsys.readouterr().err == "mnist: a file\n"


def test_more_time_than_python_can_count_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    with views.training_view(10**30, quiet=False) as view:
        view.show(make_epoch(1))
    assert re.search(r"  over 99 days, 23:59:59 left\n$", capsys.readouterr().err)


@pytest.mark.parametrize("quiet", [True, False])
def test_a_retry_is_a_warning_even_if_quiet(quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with views.training_view(9, quiet=quiet) as view:
        view.show(Retry(1, 450, 0.1, "training diverged in epoch 2"))
    assert capsys.readouterr().err == (
        "warning: training diverged in epoch 2\nRetrying from epoch 1, step 450, with learning rate 0.1.\n"
    )
