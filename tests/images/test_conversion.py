import numpy as np
import pytest
from PIL import Image

from nnfang.errors import PictureError
from nnfang.images import Grey
from nnfang.images.conversion import average_blocks, simplify_mode


def test_blocks_are_averaged() -> None:
    values = np.array([[0, 2, 10, 20, 9], [4, 6, 30, 40, 9]], np.uint16)
    assert average_blocks(values, 2).tolist() == [[3, 25]]
    assert average_blocks(values, 3).shape == (1, 1)


def test_a_palette_with_damaged_transparency_is_refused(digit: Grey) -> None:
    picture = Image.fromarray(digit).convert("P")
    picture.info["transparency"] = bytes(300)
    with pytest.raises(PictureError, match=r"^cannot be decoded: palette index out of range$"):
        simplify_mode(picture, 1)
