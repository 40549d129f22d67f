from pathlib import Path

import numpy as np
import pytest

from nnfang.data.formats.arrays import measure_preparation, name_by_number
from nnfang.data.registry import DATASETS
from nnfang.errors import DataError
from nnfang.images.preparation import PREPARATIONS

Y = np.array([0, 1, 2, 0, 1, 2], np.uint8)
EMPTY_BORDER = np.pad(np.full((100, 26, 26), 9, np.uint8), ((0, 0), (1, 1), (1, 1)))


def test_classes_are_named_by_number() -> None:
    assert name_by_number(Y, np.array([4]), Path("here")) == ("0", "1", "2", "3", "4")
    with pytest.raises(DataError, match="here: the highest label is 5000000000; labels are classes"):
        name_by_number(Y, np.array([5_000_000_000]), Path("here"))


def test_an_empty_border_tells_digits() -> None:
    x = EMPTY_BORDER
    assert measure_preparation(x) == "digit"
    assert measure_preparation(x.astype(np.float32)) == "digit"
    assert measure_preparation(x.reshape(100, -1)) == "plain"
    assert measure_preparation(x[:, 1:]) == "plain"
    for edge in [np.s_[0, 3], np.s_[-1, 3], np.s_[3, 0], np.s_[3, -1]]:
        used = x.copy()
        used[:5][:, *edge] = 1
        assert measure_preparation(used) == "digit"
        used[:6][:, *edge] = 1
        assert measure_preparation(used) == "plain"


def test_no_images_look_like_nothing() -> None:
    assert measure_preparation(EMPTY_BORDER[:0]) == "plain"


def test_every_preparation_of_a_data_set_is_one_of_pictures() -> None:
    measured = {measure_preparation(EMPTY_BORDER), measure_preparation(EMPTY_BORDER + 1)}
    assert measured == {"digit", "plain"}
    assert measured | {known.preparation for known in DATASETS.values()} <= PREPARATIONS.keys()
