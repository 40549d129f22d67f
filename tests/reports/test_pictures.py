"""Pictures of an evaluation: they are there, they show what they should, and the names of strangers stay text."""

import io

import numpy as np
import pytest
from PIL import Image

from nnfang.reports.calibration import measure_calibration
from nnfang.reports.mistakes import Mistakes
from tests.reports.results import HOSTILE, make_result

pytest.importorskip("matplotlib", reason="the extra report is not installed")

from nnfang.reports import pictures, style


def read(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("names", [HOSTILE, ("0", "1"), tuple(map(str, range(35)))], ids=["hostile", "two", "many"])
def test_each_picture_is_drawn_whatever_the_classes_are_called(names: tuple[str, ...]) -> None:
    result = make_result(names)
    drawn = pictures.draw_all(result, Mistakes.of(result))
    assert list(drawn) == ["confusion.png", "errors.png", "calibration.png"]
    for draw in drawn.values():
        pixels = read(draw())
        assert (pixels[0, 0] == 255).all()
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10


def test_names_are_in_the_picture_as_they_are() -> None:
    result = make_result()
    shown = {text.get_text() for axes in pictures.draw_confusion(result).axes for text in axes.get_yticklabels()}
    assert shown == {'=HYPERLINK("h…', "<script>alert…", "| [x](http://…", "\\x1b[31mred\\n…", "$\\frac{$ {{ x…"}
    assert not any(text.get_parse_math() for axes in pictures.draw_confusion(result).axes for text in axes.texts)


def test_the_gallery_shows_the_surest_mistakes_first() -> None:
    result = make_result(("0", "1", "2"), n=200)
    mistakes = Mistakes.of(result)
    figure = pictures.draw_mistakes(result, mistakes)
    order = np.argsort(-mistakes.confidence, kind="stable")
    for axes, place in zip(figure.axes[:40], order, strict=False):
        assert (axes.images[0].get_array() == result.data.x_test[mistakes.rows[place]]).all()
        texts = [text.get_text() for text in axes.texts]
        assert texts == [
            str(mistakes.true[place]),
            f"→ {mistakes.predicted[place]}  {mistakes.confidence[place]:.0%}",
        ]


def test_what_cannot_be_a_picture_has_no_gallery() -> None:
    of_features = make_result(shape=(7,))
    assert "errors.png" not in pictures.draw_all(of_features, Mistakes.of(of_features))
    result = make_result(n=5, seed=0)
    labels = result.outcome.predicted.astype(np.uint8)
    right = make_result(n=5, seed=0)
    object.__setattr__(right.outcome, "labels", labels)
    assert "errors.png" not in pictures.draw_all(right, Mistakes.of(right))


def test_a_network_that_is_always_sure_has_a_calibration_too() -> None:
    found = measure_calibration(np.eye(3, dtype=np.float32), np.array([0, 1, 1]))
    assert found is not None
    assert read(style.to_png(pictures.draw_calibration(found))).shape[2] == 3


@pytest.mark.parametrize("theme", [style.LIGHT, style.DARK])
def test_shades_go_steadily_away_from_the_paper(theme: style.Theme) -> None:
    linear = theme.shades(np.linspace(0, 1, 50))[:, :3] ** 2.2
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) * (1 if theme is style.DARK else -1) > 0).all()
