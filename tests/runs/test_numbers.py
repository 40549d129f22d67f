"""Whole numbers are read from pictures: digits apart, close together and touching, and what is no digit is named."""

import io
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

import nnfang
from nnfang.errors import BlankError, NnfangError, PictureError
from nnfang.images import Grey, Piece
from nnfang.runs import hypotheses
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.hypotheses import FLAT, MARK, Hypothesis, find_best
from nnfang.runs.numbers import Number, predict_numbers
from tests.images.shapes import Sample, enlarge, load_test_split
from tests.images.strings import GAPS, PAPER, draw_number, edit_distance, write

STRINGS = 12


@pytest.fixture(scope="module")
def bundled() -> Checkpoint:
    return nnfang.load("bundled")


def take(digits: str, rng: np.random.Generator) -> list[Sample]:
    """A digit of the test split for each character."""
    images, labels = load_test_split()
    chosen = [int(rng.choice(np.flatnonzero(labels == int(digit)))) for digit in digits]
    return [Sample(enlarge(images[k]), images[k], int(labels[k])) for k in chosen]


def draw(digits: str, side: int = 60, seed: int = 0, spacing: str = "spaced") -> Grey:
    """Dark digits on white paper, (h, w)."""
    ink, _ = write(take(digits, np.random.default_rng(seed)), spacing, np.random.default_rng(seed), side)
    page: Grey = np.rint(255 - 225 * ink).astype(np.uint8)
    return page


def encode(page: Grey) -> io.BytesIO:
    content = io.BytesIO()
    Image.fromarray(page).save(content, "PNG")
    content.seek(0)
    return content


def read(checkpoint: Checkpoint, page: Grey | bytes) -> Number:
    stream = io.BytesIO(page) if isinstance(page, bytes) else encode(page)
    (found,) = predict_numbers(checkpoint, ["-"], stdin=stream)
    assert isinstance(found, Number), found[1]
    return found


def fail(checkpoint: Checkpoint, page: Grey) -> PictureError:
    (found,) = predict_numbers(checkpoint, ["-"], stdin=encode(page))
    assert isinstance(found, tuple)
    return found[1]


def stack(pages: Sequence[Grey]) -> Grey:
    width = max(page.shape[1] for page in pages)
    return np.vstack([np.pad(page, ((0, 0), (0, width - page.shape[1])), constant_values=255) for page in pages])


@pytest.mark.parametrize(("spacing", "least"), [("spaced", 0.93), ("tight", 0.88), ("touching", 0.6)])
def test_most_digits_of_strings_are_read(spacing: str, least: float, bundled: Checkpoint) -> None:
    rng = np.random.default_rng(list(GAPS).index(spacing))
    errors = total = 0
    for k in range(STRINGS):
        label = "".join(rng.choice(list("0123456789"), 5))
        page = draw_number(take(label, rng), spacing, list(PAPER)[k % len(PAPER)], rng)
        errors += edit_distance(label, read(bundled, page.content).label)
        total += len(label)
    assert 1 - errors / total >= least


def test_digits_are_where_they_were_drawn(bundled: Checkpoint) -> None:
    rng = np.random.default_rng(6)
    page = draw_number(take("2073", rng), "spaced", "coloured paper", rng)
    number = read(bundled, page.content)
    assert number.label == "2073"
    assert [digit.label for digit in number.digits] == list("2073")
    np.testing.assert_allclose([digit.box for digit in number.digits], page.boxes, atol=3)
    assert number.probability == pytest.approx(np.prod([digit.outputs.max() for digit in number.digits]))
    assert {digit.line for digit in number.digits} == {0}
    assert all(digit.picture.image.shape == (28, 28) for digit in number.digits)


def test_lines_are_joined_by_a_space(bundled: Checkpoint) -> None:
    number = read(bundled, stack([draw("2024"), draw("17"), draw("305")]))
    assert number.label == "2024 17 305"
    assert [digit.line for digit in number.digits] == [0] * 4 + [1] * 2 + [2] * 3
    assert repr(number).startswith("Number(-: 2024 17 305, 0.")


def test_a_page_of_sixty_digits(bundled: Checkpoint) -> None:
    rng = np.random.default_rng(8)
    lines = ["".join(rng.choice(list("0123456789"), 15)) for _ in range(4)]
    number = read(bundled, stack([draw(line, 40, seed) for seed, line in enumerate(lines)]))
    found = number.label.split()
    assert [len(line) for line in found] == [15] * 4
    right = sum(a == b for line, other in zip(lines, found, strict=True) for a, b in zip(line, other, strict=True))
    assert right >= 57


def test_a_single_digit_is_a_number_too(bundled: Checkpoint) -> None:
    for digit in "0123456789":
        assert read(bundled, draw(digit)).label == digit


def test_light_digits_on_a_dark_page(bundled: Checkpoint) -> None:
    assert read(bundled, 255 - draw("4805")).label == "4805"


def test_what_is_no_digit_is_named(bundled: Checkpoint) -> None:
    """-3.4, in which the dot is 7 pixels wide."""
    left = np.pad(draw("3"), ((0, 0), (35, 0)), constant_values=255)
    page = np.hstack([left, np.full((len(left), 8), 255, np.uint8), draw("4")])
    minus, dot = (8, 42, 28, 46), (left.shape[1] - 4, 56, left.shape[1] + 3, 63)
    for box in (minus, dot):
        page[box[1] : box[3], box[0] : box[2]] = 30
    number = read(bundled, page)
    assert number.label == "34"
    assert [(mark.reason, mark.line) for mark in number.marks] == [(FLAT, 0), (MARK, 0)]
    np.testing.assert_allclose([mark.box for mark in number.marks], [minus, dot], atol=2)


def test_a_stroke_that_was_lifted_belongs_to_its_digit(bundled: Checkpoint) -> None:
    """The bar of a 5, with a gap of a tenth of its height to the rest."""
    page = np.full((120, 160), 255, np.uint8)
    digit = np.full((75, 50), 255, np.uint8)
    digit[0:7, 8:46] = 30
    digit[14:36, 4:11] = digit[33:40, 8:38] = digit[38:66, 36:43] = digit[64:71, 4:38] = 30
    page[20:95, 20:70] = digit
    seven = draw("7")
    page = np.hstack([page, np.pad(seven, ((0, 120 - seven.shape[0]), (0, 0)), constant_values=255)])
    number = read(bundled, page)
    assert number.label == "57"
    assert number.marks == ()
    assert number.digits[0].box[1] <= 21


def test_a_page_without_digits_says_so(bundled: Checkpoint) -> None:
    assert isinstance(fail(bundled, np.full((80, 120), 240, np.uint8)), BlankError)
    dash = np.full((80, 120), 240, np.uint8)
    dash[40:45, 40:70] = 20
    assert str(fail(bundled, dash)) == f"-: no digit found: only {FLAT}"


def test_small_writing_on_a_huge_page_is_read_and_takes_no_more_memory(bundled: Checkpoint) -> None:
    page = np.full((3000, 4000), 250, np.uint8)
    number = draw("90217", 60)
    page[2000 : 2000 + number.shape[0], 1500 : 1500 + number.shape[1]] = number
    content = encode(page)
    tracemalloc.start()
    (found,) = predict_numbers(bundled, ["-"], stdin=content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found, Number)
    assert found.label == "90217"
    left, top, right, bottom = found.digits[0].box
    assert 1500 <= left < right < 1560
    assert 2000 <= top < bottom < 2080
    assert peak < 400e6


def test_hypotheses_are_bounded(bundled: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    page = draw("888888", spacing="touching")
    with monkeypatch.context() as patch:
        patch.setattr(hypotheses, "MOST_HYPOTHESES", 20)
        assert "which are too many for a page of numbers" in str(fail(bundled, page))
    crowded = np.full((900, 900), 255, np.uint8)
    for row in range(6):
        crowded[row::12, 3::8] = 0
    assert "too many for a page" in str(fail(bundled, crowded))


def test_a_network_that_does_not_know_its_training_images_reads_numbers_by_its_probabilities(
    bundled: Checkpoint,
) -> None:
    number = read(replace(bundled, familiarity=None), draw("2047"))
    assert number.label == "2047"
    assert {digit.familiarity for digit in number.digits} == {None}


def test_the_best_string_has_the_largest_sum() -> None:
    piece = Piece((0, 0, 1, 1), np.ones((1, 1), bool))
    scores = {(0, 1): 1.0, (1, 2): 1.0, (2, 3): 1.0, (0, 2): 2.5, (1, 3): 1.0, (0, 3): 3.2}
    chosen = find_best(3, [Hypothesis(piece, *span, score=score) for span, score in scores.items()])
    assert [(found.start, found.stop) for found in chosen] == [(0, 2), (2, 3)]


def test_the_library_reads_numbers(bundled: Checkpoint, tmp_path: Path) -> None:
    Image.fromarray(draw("2024")).save(tmp_path / "year.png")
    (number,) = bundled.predict_numbers([tmp_path / "year.png"])
    assert number.label == "2024"
    with pytest.raises(PictureError, match="there is no such file"):
        bundled.predict_numbers([tmp_path / "none.png"])


def test_only_a_network_for_digits_reads_numbers(bundled: Checkpoint) -> None:
    def refuse(**changes: object) -> str:
        other = replace(bundled, meta=msgspec.structs.replace(bundled.meta, **changes))
        with pytest.raises(NnfangError) as refused:
            other.predict_numbers(["sample:7"])
        return str(refused.value)

    assert refuse(preparation="negative") == "this network was not trained on images of digits, so it reads no numbers"
    names = ("coat", *"123456789")
    assert refuse(class_names=names).startswith("this network's classes are not single characters")
