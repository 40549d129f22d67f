from __future__ import annotations

import shlex

import pytest

from nnfang.commands.wrapping import fill, fill_command, fit_lines

LONG = "x" * 60


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Train on N images.  [default: 1]", ["Train on N images.", "[default: 1]"]),
        ("Write here.  [default: the newest of all]", ["Write here.  [default:", "the newest of all]"]),
        ("Start from the run of --resume RUN.", ["Start from the run of", "--resume RUN."]),
        ("A mini-batch, and another mini-batch.", ["A mini-batch, and", "another mini-batch."]),
        (f"A {LONG} word.", ["A", LONG, "word."]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_text_ends_its_lines_between_words(text: str, lines: list[str]) -> None:
    assert fill(text, 24).splitlines() == lines


def test_what_follows_a_label_goes_on_below_its_beginning() -> None:
    assert fit_lines("images  9,000 of mnist, 1,000 held out", 24) == "images  9,000 of mnist,\n        1,000 held out"


@pytest.mark.parametrize("epoch", ["epoch  9/10", "epoch 10/10"])
def test_figures_stay_with_their_names(epoch: str) -> None:
    assert fit_lines(f"{epoch}  loss 0.46  accuracy 85%", 24) == f"{epoch}  loss 0.46\n  accuracy 85%"


def test_a_long_name_in_a_row_is_broken_between_its_words() -> None:
    row = "-  -  pictures of mine/a rather long name.png  (no ink found)"
    assert fit_lines(row, 24).splitlines() == [
        "-  -  pictures of mine/a",
        "  rather long name.png",
        "  (no ink found)",
    ]


@pytest.mark.parametrize("width", [36, 50, 80])
@pytest.mark.parametrize("label", ["try            ", "Interrupted, but saved. Continue with: "])
def test_a_command_is_parted_from_its_label_and_can_be_pasted(label: str, width: int) -> None:
    command = "nnfang train -c 'my runs/config.yaml' --learning-rate 0.001"
    lines = fit_lines(label + command, width).splitlines()
    assert max(map(len, lines)) <= width
    start = next(number for number, line in enumerate(lines) if "nnfang" in line)
    pasted = "\n".join([lines[start].removeprefix(label), *lines[start + 1 :]])
    assert shlex.split(pasted.replace("\\\n", "")) == shlex.split(command)


def test_an_option_is_not_parted_from_its_value() -> None:
    assert fill_command("nnfang evaluate -m runs/first --split validation", 44).splitlines() == [
        "  nnfang evaluate -m runs/first \\",
        "      --split validation",
    ]


def test_a_word_longer_than_a_line_stays_whole() -> None:
    assert LONG in fit_lines(f"try  nnfang train -c {LONG}", 20).split()


def test_lines_that_fit_stay_as_they_are() -> None:
    text = "try  nnfang train\n\n  two  words"
    assert fit_lines(text, 20) == text
