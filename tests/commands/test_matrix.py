"""The confusion matrix on terminals of each width, with and without colours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest

from nnfang.commands import matrix
from tests.commands.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

CONFUSION = [[1130 if i == j else (i * j) % 13 for j in range(10)] for i in range(10)]
DIGITS = list("0123456789")
CLOTHES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]

COLOURS = {"TERM": "xterm-256color"}


@pytest.fixture
def open_stdout(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts stdout on a terminal of some columns."""
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)

    def call(columns: int, **variables: str) -> None:
        monkeypatch.setattr("sys.stdout", Terminal())
        for name, value in ({"COLUMNS": str(columns)} | COLOURS | variables).items():
            monkeypatch.setenv(name, value)

    return call


def counts_of(lines: list[str]) -> list[list[int]]:
    found = [re.findall(r"(?<= )(?:\d+|[-.])(?= |$)", line)[-10:] for line in lines]
    return [[int(cell) if cell.isdigit() else 0 for cell in row] for row in found]


@pytest.mark.parametrize("names", [DIGITS, CLOTHES], ids=["digits", "clothes"])
@pytest.mark.parametrize("columns", [50, 63, 80, 120])
def test_the_matrix_fits(columns: int, names: list[str], open_stdout: Callable[..., None]) -> None:
    open_stdout(columns)
    text = click.unstyle(matrix.draw(CONFUSION, names))
    lines = text.splitlines()
    assert max(map(len, lines)) <= columns
    is_whole = columns >= (63 if names is DIGITS else 70)
    without = [[0 if i == j else count for j, count in enumerate(row)] for i, row in enumerate(CONFUSION)]
    assert counts_of(lines[-10:]) == (CONFUSION if is_whole else without)
    assert ("but for those that are right" in text.replace("\n", " ")) is not is_whole


def test_where_it_does_not_fit_a_sentence_says_so(
    open_stdout: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert matrix.draw([[1] * 41] * 41, ["x"] * 41).endswith("too wide for a line; --json and -o write it.")
    open_stdout(30)
    assert matrix.draw(CONFUSION, DIGITS).endswith("too wide for this terminal; --json and -o write it.")


def test_the_largest_errors_have_the_strongest_shade(open_stdout: Callable[..., None]) -> None:
    open_stdout(80)
    text = matrix.draw([[90, 10, 3], [1, 5, 0], [0, 0, 700]], "abc")
    strongest, weakest = matrix.SHADES[-1], matrix.SHADES[1]
    assert f"\x1b[38;5;16m\x1b[48;5;{strongest}m  10 \x1b[0m" in text
    assert f"\x1b[38;5;16m\x1b[48;5;{weakest}m   3 \x1b[0m" in text
    assert "\x1b[1m 700 \x1b[0m" in text
    assert "m   1 " not in text
    assert "\x1b[2m   . \x1b[0m" in text


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"CI": "1"}, {"TERM": "dumb"}], ids=str)
def test_without_colours_there_are_plain_digits(variables: dict[str, str], open_stdout: Callable[..., None]) -> None:
    open_stdout(80, **variables)
    assert "\x1b" not in matrix.draw(CONFUSION, DIGITS)


def test_a_terminal_of_eight_colours_has_no_shades(open_stdout: Callable[..., None]) -> None:
    open_stdout(80, TERM="linux")
    assert "\x1b[1m 1130 \x1b[0m" in matrix.draw(CONFUSION, DIGITS)
    assert "\x1b[48" not in matrix.draw(CONFUSION, DIGITS)


def test_a_perfect_network_has_a_matrix_too(open_stdout: Callable[..., None]) -> None:
    open_stdout(80)
    assert counts_of([click.unstyle(matrix.draw([[3, 0], [0, 4]], "ab")).splitlines()[-1]]) == [[0, 4]]


def test_names_of_strangers_cannot_upset_a_terminal(open_stdout: Callable[..., None]) -> None:
    open_stdout(80, NO_COLOR="1")
    assert "\x1b" not in matrix.draw([[1, 2], [3, 4]], ["\x1b[31mred", "new\nline"])
