"""``nnfang predict --number``: numbers as text, JSON and CSV, and what is not believed or makes no sense."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.images.shapes import Sample, enlarge, load_test_split
from tests.images.strings import write

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnfang.images import Grey
    from tests.commands.conftest import Nnfang, Result

    Read = Callable[..., Result]


def draw(digits: str) -> Grey:
    """Dark digits of the test split on white paper; a hyphen is a minus before them, a space a new line."""
    images, labels = load_test_split()
    rng = np.random.default_rng(3)
    lines = []
    for line in digits.split():
        chosen = [int(rng.choice(np.flatnonzero(labels == int(digit)))) for digit in line.strip("-")]
        samples = [Sample(enlarge(images[k]), images[k], int(labels[k])) for k in chosen]
        ink, _ = write(samples, "spaced", rng, 60)
        if line[0] == "-":
            ink = np.pad(ink, ((0, 0), (30, 0)))
            ink[42:46, 6:26] = 1
        lines.append(ink)
    width = max(ink.shape[1] for ink in lines)
    page = np.vstack([np.pad(ink, ((0, 0), (0, width - ink.shape[1]))) for ink in lines])
    grey: Grey = np.rint(255 - 225 * page).astype(np.uint8)
    return grey


@pytest.fixture
def read(nnfang: Nnfang) -> Read:
    """Pictures of these names and numbers, and what is said of all of them."""

    def answer(*arguments: str, code: int = 0, **numbers: str) -> Result:
        for name, digits in numbers.items():
            Image.fromarray(draw(digits)).save(nnfang.folder / f"{name}.png")
        names = (f"{name}.png" for name in numbers)
        return nnfang("predict", "-m", "bundled", *arguments, *names, code=code)

    return answer


def test_text_has_a_row_for_each_picture(read: Read) -> None:
    result = read("--number", year="2024", page="2024 17", minus="-7")
    rows = [line.split("  ") for line in result.stdout.splitlines()]
    assert [(label, name) for label, _, name in rows] == [
        ("2024", "year.png"),
        ("2024 17", "page.png"),
        ("7", "minus.png"),
    ]
    assert all(probability.endswith("%") for _, probability, _ in rows)
    assert result.stderr == "warning: minus.png: no digit at 6, 42: a flat stroke, such as a minus\n"


def test_json_has_each_digit_and_what_is_none(read: Read) -> None:
    (found,) = read("--number", "--format", "json", minus="-73 5").objects
    assert list(found) == ["path", "label", "probability", "digits", "marks", "warnings"]
    assert found["label"] == "73 5"
    assert [list(digit) for digit in found["digits"]] == [
        ["label", "probability", "familiarity", "rejected", "box", "line"]
    ] * 3
    assert [(digit["label"], digit["line"]) for digit in found["digits"]] == [("7", 0), ("3", 0), ("5", 1)]
    assert found["probability"] == pytest.approx(np.prod([digit["probability"] for digit in found["digits"]]))
    assert found["marks"] == [{"reason": "a flat stroke, such as a minus", "box": [6, 42, 26, 46], "line": 0}]
    assert found["warnings"] == ["no digit at 6, 42: a flat stroke, such as a minus"]


def test_csv_has_the_columns_of_one_digit(read: Read) -> None:
    rows = list(csv.DictReader(read("--number", "--format", "csv", year="2024", page="20 24").stdout.splitlines()))
    assert list(rows[0]) == ["path", "label", "probability", "familiarity", "error"]
    assert [row["label"] for row in rows] == ["2024", "20 24"]


def test_a_digit_that_is_not_believed_is_a_question_mark(read: Read) -> None:
    (found,) = read("--number", "--format", "json", year="2024").objects
    probabilities = sorted((digit["probability"], place) for place, digit in enumerate(found["digits"]))
    limit = (probabilities[0][0] + probabilities[1][0]) / 2
    arguments = ("--number", "--min-probability", f"{limit:.12f}")
    place = probabilities[0][1]
    expected = "".join("?" if k == place else digit for k, digit in enumerate("2024"))
    result = read(*arguments, code=1, year="2024")
    assert result.stdout.startswith(f"{expected}  ")
    assert f"(digit {place + 1}: the largest probability is " in result.stdout
    (found,) = read(*arguments, "--format", "json", code=1, year="2024").objects
    assert found["label"] == expected
    assert [digit["label"] for digit in found["digits"]] == [None if c == "?" else c for c in expected]
    assert found["digits"][place]["rejected"].startswith("the largest probability is")


def test_an_unfamiliar_digit_is_rejected_where_that_is_asked_for(nnfang: Nnfang) -> None:
    page = draw("24")
    page = np.pad(page, ((0, 0), (0, 70)), constant_values=255)
    k = np.arange(40)
    for thickness in range(6):  # an X
        page[25 + k, 10 + k + thickness - 70] = page[64 - k, 10 + k + thickness - 70] = 30
    Image.fromarray(page).save(nnfang.folder / "x.png")
    result = nnfang("predict", "-m", "bundled", "--number", "--reject", "x.png", code=1)
    assert result.stdout.startswith("24?  ")
    assert "digit 3: unfamiliar: " in result.stdout
    assert "warning: x.png: digit 3 is unfamiliar" in nnfang("predict", "-m", "bundled", "--number", "x.png").stderr


def test_each_digit_that_the_network_saw_can_be_kept(read: Read, nnfang: Nnfang) -> None:
    read("--number", "--save-input", "seen", year="20 4", other="7")
    seen = sorted(path.name for path in (nnfang.folder / "seen").iterdir())
    assert seen == ["0001-year-01.png", "0001-year-02.png", "0001-year-03.png", "0002-other-01.png"]
    answers = [nnfang("predict", "-m", "bundled", f"seen/{name}").stdout[0] for name in seen]
    assert answers == ["2", "0", "4", "7"]


def test_a_page_without_digits_has_a_row_that_says_so(read: Read, nnfang: Nnfang) -> None:
    Image.new("L", (90, 70), 230).save(nnfang.folder / "blank.png")
    result = read("--number", "blank.png", code=1, year="2024")
    first, second = result.stdout.splitlines()
    assert first == "-      -  blank.png  (no ink found: nothing stands out from the paper)"
    assert second.startswith("2024  ")


@pytest.mark.parametrize("option", [("--raw",), ("--top", "2")])
def test_what_makes_no_sense_of_a_number_is_refused(option: tuple[str, ...], read: Read) -> None:
    assert "--number" in read("--number", *option, code=2, year="7").stderr
    assert option[0] in read("--number", *option, code=2, year="7").stderr


def test_the_warning_about_several_digits_names_the_option(read: Read) -> None:
    result = read(year="24")
    assert "there are several separate shapes; the largest was taken; --number reads all of them" in result.stderr
