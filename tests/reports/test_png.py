"""Small pictures of a page, read by Pillow, which shares no code with what writes them."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from nnfang.reports import png


def read(url: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    kind, _, content = url.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content, validate=True))).convert("RGBA"))


def test_ink_is_as_black_as_the_image() -> None:
    image = np.random.default_rng(0).integers(0, 256, (7, 5), np.uint8)
    found = read(png.to_data_url(png.scale_ink(image), png.INK))
    assert (found[..., 3] == image).all()
    assert (found[..., :3] == 0).all()


def test_weights_are_blue_or_vermilion_and_nothing_lets_the_paper_through() -> None:
    weights = np.array([[-2.0, -1.0, 0.0], [0.0, 1.0, 9.0]])
    found = read(png.to_data_url(png.scale_signed(weights, 2.0), png.SIGNED))
    assert found[..., 3].tolist() == [[255, 129, 0], [0, 129, 255]]
    assert found[0, 0, :3].tolist() == [0xD5, 0x5E, 0x00]
    assert found[1, 2, :3].tolist() == [0x00, 0x72, 0xB2]


@pytest.mark.parametrize(
    ("value", "ink"), [(0.0, 0), (0.5, 128), (1.0, 255), (7.0, 255), (-1.0, 0), (np.nan, 0), (np.inf, 255)]
)
def test_floats_are_ink_from_0_to_1(value: float, ink: int) -> None:
    assert png.scale_ink(np.full((2, 2), value)).tolist() == [[ink, ink], [ink, ink]]


def test_weights_that_are_all_0_are_nothing() -> None:
    assert (png.scale_signed(np.zeros((2, 2)), 0.0) == png.MIDDLE).all()
