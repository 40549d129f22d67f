"""Images as files for people to look at."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnfang.images.output import save_image, write_sheet


def test_an_image_is_saved_as_png_whatever_its_name(tmp_path: Path) -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    save_image(tmp_path / "image.dat", image, may_replace=False)
    with Image.open(tmp_path / "image.dat") as picture:
        assert picture.format == "PNG"
        np.testing.assert_array_equal(np.asarray(picture), image)


def test_a_sheet_has_each_image_in_its_place_with_a_gap_around(tmp_path: Path) -> None:
    images = np.arange(1, 2 * 3 * 4 * 5 + 1, dtype=np.uint8).reshape(2, 3, 4, 5)
    write_sheet(tmp_path / "sheet.png", images, may_replace=False)
    with Image.open(tmp_path / "sheet.png") as picture:
        sheet = np.asarray(picture)
    assert sheet.shape == (2 * 2 * (4 + 4), 2 * 3 * (5 + 4))
    for row in range(2):
        for column in range(3):
            cell = sheet[16 * row : 16 * (row + 1), 18 * column : 18 * (column + 1)]
            np.testing.assert_array_equal(cell[4:-4:2, 4:-4:2], images[row, column])
            np.testing.assert_array_equal(cell[5:-4:2, 5:-4:2], images[row, column])
            assert cell.sum() == 4 * images[row, column].sum()


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown file extension"):
        write_sheet(tmp_path / "sheet.xyz", np.zeros((1, 1, 2, 2), np.uint8), may_replace=False)
