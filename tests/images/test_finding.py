import numpy as np
import pytest
from PIL import Image

from nnfang import data
from nnfang.errors import PictureError
from nnfang.images import Grey, prepare
from nnfang.images.finding import BORDER, FAINT, SEVERAL, find_ink
from nnfang.images.paper import flatten, has_light_paper, is_framed
from nnfang.images.parts import find_parts
from nnfang.images.ruling import remove_ruling
from nnfang.images.thickness import even_thickness, measure_thickness
from tests.images.pages import FIELD, difference, draw, extent


def darken(page: Grey, paper: np.typing.ArrayLike, ink: float = 40) -> Grey:
    """Ink 0 .. 255 on a page of any light; (h, w)."""
    share = page / 255
    levels: Grey = (np.asarray(paper) * (1 - share) + ink * share).astype(np.uint8)
    return levels


# Paper


def test_paper_that_falls_off_to_one_side_is_no_ink(digits: Grey) -> None:
    light = np.linspace(220, 160, 200)
    fields = [prepare(darken(draw(digit), light), FIELD, "digit") for digit in digits]
    assert np.mean([difference(field, digit) for field, digit in zip(fields, digits, strict=True)]) < 10
    with pytest.raises(PictureError, match="nothing stands out"):
        prepare(np.tile(light.astype(np.uint8), (150, 1)), FIELD, "digit")


def test_a_shadow_across_the_digit_is_no_ink(digit: Grey) -> None:
    edge = 1 / (1 + np.exp(-(np.arange(200) - 120) / 6))
    field = prepare(darken(draw(digit), 220 - 70 * edge), FIELD, "digit")
    assert difference(field, digit) < 16


def test_flat_paper_is_zero_whatever_its_level() -> None:
    for level in (0, 77, 255):
        assert not flatten(np.full((90, 120), level, np.uint8), is_inverted=False).any()


@pytest.mark.parametrize("width", [4, 12, 25])
def test_a_dark_frame_is_no_ink(width: int, digit: Grey) -> None:
    page = np.pad(darken(draw(digit), 230), width, constant_values=20)
    assert has_light_paper(page)
    assert is_framed(page)
    assert difference(prepare(page, FIELD, "digit"), digit) < 12
    assert find_ink(page).warnings == ()


def test_the_box_of_a_form_is_no_ink(digit: Grey) -> None:
    page = darken(draw(digit, (260, 300), 4, (70, 90)), 230)
    page[30:33, 40:260] = page[222:225, 40:260] = page[30:225, 40:43] = page[30:225, 257:260] = 20
    assert difference(prepare(page, FIELD, "digit"), digit) < 12


def test_the_box_of_a_form_is_no_ink_though_its_sides_look_like_ruling(digit: Grey) -> None:
    page = darken(draw(digit, (400, 520), 6, (50, 200)), 230)
    page[40:55, 45:476] = page[346:361, 45:476] = page[40:361, 45:48] = page[40:361, 473:476] = 60
    ruled = remove_ruling(page < 128)
    assert ruled[40:55].any()
    assert not ruled[60:340, 45:48].any()
    assert difference(prepare(page, FIELD, "digit"), digit) < 12


# Ruling


@pytest.mark.parametrize("tilt", [0, 0.02, -0.03])
@pytest.mark.parametrize("is_upright", [False, True])
def test_ruled_lines_go_and_ink_stays(tilt: float, is_upright: bool, digit: Grey) -> None:
    page = draw(digit, (240, 320), 4, (60, 100)) > 127
    y, x = np.indices(page.shape)
    along, across = (y, x) if is_upright else (x, y)
    lines = (across + tilt * along) % 37 < 2
    # But for the edges of the page, where some lines leave it.
    kept, ink = (mask[40:200, 80:260] for mask in (remove_ruling(page | lines), page))
    assert np.count_nonzero(ink & ~kept) < 0.01 * np.count_nonzero(ink)
    assert np.count_nonzero(kept & ~ink) < 0.05 * np.count_nonzero(ink)


def test_a_straight_stroke_is_no_ruled_line() -> None:
    page = np.zeros((200, 200), bool)
    page[10:190, 100:102] = True
    np.testing.assert_array_equal(remove_ruling(page), page)


# Parts


def test_parts_are_what_hangs_together() -> None:
    mask = np.array([[1, 1, 0, 0, 1], [0, 0, 1, 0, 1], [0, 0, 0, 0, 0], [1, 0, 1, 0, 0], [1, 1, 1, 0, 1]], bool)
    parts = find_parts(mask, np.full(mask.shape, 10, np.uint8))
    assert sorted(parts.area.tolist()) == [1, 2, 3, 5]
    assert sorted(parts.mass.tolist()) == [10, 20, 30, 50]
    (largest,) = parts.box[parts.area == 5].tolist()
    assert largest == [0, 3, 3, 5]
    assert parts.rim[parts.area == 5].tolist() == [[2, 0, 0, 3]]


def test_parts_of_noise_are_those_of_flood_filling() -> None:
    mask = np.random.default_rng(0).random((40, 50)) < 0.4
    parts, left, areas = find_parts(mask, mask.view(np.uint8)), mask.copy(), []
    while left.any():
        y, x = np.argwhere(left)[0]
        part = np.zeros_like(mask)
        part[y, x] = True
        while True:
            padded = np.pad(part, 1)
            around = [padded[i : i + 40, j : j + 50] for i in range(3) for j in range(3)]
            grown = np.logical_or.reduce(around) & mask
            if (grown == part).all():
                break
            part = grown
        areas.append(int(part.sum()))
        left &= ~part
    assert sorted(areas) == sorted(parts.area.tolist())


def test_an_empty_mask_has_no_parts() -> None:
    assert len(find_parts(np.zeros((5, 6), bool), np.zeros((5, 6), np.uint8)).area) == 0


def test_a_roof_that_flies_belongs_to_its_five() -> None:
    page = np.full((200, 200), 240, np.uint8)
    page[60:160, 60:70] = page[150:160, 60:120] = 20
    page[40:50, 70:120] = 20
    ink = find_ink(page)
    assert ink.box == (60, 40, 120, 160)
    assert ink.warnings == ()


# Doubts


def test_two_digits_are_not_read_as_one(digits: Grey) -> None:
    page = np.hstack([draw(digits[0], (150, 160), 4, (20, 20)), draw(digits[1], (150, 160), 3, (30, 30))])
    ink = find_ink(darken(page, 230))
    assert ink.box[2] < 170
    assert ink.warnings == (SEVERAL,)


def test_digits_that_nearly_touch_are_not_read_as_one(digits: Grey) -> None:
    page = np.zeros((200, 400), np.uint8)
    left = 30
    for digit in digits[:2]:
        drawn = draw(digit, (150, 170), 5, (5, 15))
        y, x = np.nonzero(drawn > 100)
        ink = drawn[y.min() : y.max() + 1, x.min() : x.max() + 1]
        page[30 : 30 + ink.shape[0], left : left + ink.shape[1]] = ink
        left += ink.shape[1] + 7  # 7 % of the height
    found = find_ink(darken(page, 230))
    assert found.box[2] - found.box[0] < 110
    assert found.warnings == (SEVERAL,)


def test_a_digit_that_is_cut_off_is_read_with_a_warning(digit: Grey) -> None:
    page = darken(draw(digit, (150, 160), 5, (5, 10)), 230)
    y, _ = np.nonzero(page < 100)
    assert find_ink(page[(y.min() + y.max()) // 2 :]).warnings == (BORDER,)


@pytest.mark.parametrize("label", [0, 6, 8, 9])
@pytest.mark.parametrize("sides", [(0, 30, 30, 30), (30, 0, 30, 30), (30, 30, 0, 30), (30, 30, 30, 0), (0, 30, 0, 30)])
def test_a_digit_with_a_hole_that_touches_the_border_is_not_read_by_its_hole(
    label: int, sides: tuple[int, int, int, int]
) -> None:
    sample = data.load("mnist-sample")
    page = draw(np.asarray(sample.x_test[sample.y_test == label][3], np.uint8), (300, 300), 8, (30, 30))
    y, x = np.nonzero(page > 127)
    top, right, bottom, left = sides
    ink = page[y.min() - top : y.max() + 1 + bottom, x.min() - left : x.max() + 1 + right]
    for picture in (darken(ink, 230), ink):
        found = find_ink(picture)
        assert BORDER in found.warnings
        assert found.levels.shape[0] > 0.95 * np.ptp(y)


def test_faint_ink_is_read_with_a_warning(digit: Grey) -> None:
    page = darken(draw(digit), 230, 212)
    assert find_ink(page).warnings == (FAINT,)
    assert difference(prepare(page, FIELD, "digit"), digit) < 14


# Thickness


@pytest.mark.parametrize("thickness", [2, 8, 16, 30, 60])
def test_pens_of_any_width_give_strokes_like_mnists(thickness: int) -> None:
    page = np.zeros((400, 400), np.uint8)
    page[60 : 60 + thickness, 80:320] = page[60:340, 320 - thickness : 320] = 255
    field = prepare(page, FIELD, "digit")
    large = np.asarray(Image.fromarray(field).resize((112, 112), Image.Resampling.BICUBIC))
    assert 1.5 < measure_thickness(large) / 4 < 4.5
    assert max(extent(field)) == 20


def test_strokes_that_are_as_in_mnist_are_left_alone() -> None:
    ink = np.zeros((100, 60), np.uint8)
    ink[:, 22:36] = ink[:14] = 255
    assert even_thickness(ink, (20, 20)) is ink
