"""A NumPy archive as a data set: x_train, y_train, x_test and y_test in one .npz file."""

import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nnfang.data.dataset import Dataset, Images, Labels, measure_preparation, name_by_number
from nnfang.data.expansion import check_expansion
from nnfang.errors import DataError

MEMBERS = ("x_train", "y_train", "x_test", "y_test")
MOST_NAMES = 10
"""Names of members that a message shows at most."""


def load_npz(path: Path) -> Dataset:
    """Read a data set from a .npz file; nothing in it is ever unpickled.

    Images of shape (n, h, w), (n, h, w, 1) or (n, features) may be integers within 0..255, which become uint8,
    or floats within 0..1, which become float32. Labels of shape (n,) or (n, 1) are integers from 0.

    Raises:
        DataError: a member is missing, cannot be read, or is something else.
    """
    arrays = _read_members(path)
    x_train, x_test = (_convert_images(arrays[name], f"{path}: {name}") for name in ("x_train", "x_test"))
    y_train, y_test = (_convert_labels(arrays[name], f"{path}: {name}") for name in ("y_train", "y_test"))
    class_names = name_by_number(y_train, y_test, str(path))
    preparation = measure_preparation(x_train)
    return Dataset(str(path), x_train, y_train, x_test, y_test, class_names, preparation, source=str(path))


def _read_members(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    try:
        _check_members(path)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as members:
            return {name: np.asarray(members[name]) for name in MEMBERS}
    except DataError:
        raise
    except Exception as error:  # on damaged files, zipfile and NumPy raise whatever comes to hand, TypeError included
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"{path}: cannot be read as .npz: {reason}") from None


def _check_members(path: Path) -> None:
    sizes: Counter[str] = Counter()  # of all that NumPy might take for the member of a name
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            sizes[info.filename.removesuffix(".npy")] += info.file_size
    if absent := [name for name in MEMBERS if name not in sizes]:
        found = ", ".join(list(sizes)[:MOST_NAMES]) or "nothing"
        raise DataError(f"{path}: {' and '.join(absent)} missing; found: {found}")
    check_expansion(path, sum(sizes[name] for name in MEMBERS))


def _convert_images(x: npt.NDArray[np.generic], where: str) -> Images:
    if x.shape[3:] == (1,):
        x = x[..., 0]
    if x.shape[3:] in ((3,), (4,)):
        raise DataError(f"{where}: colour images of shape {x.shape} found, but nnfang wants grey ones: (n, h, w)")
    if x.ndim not in (2, 3):
        raise DataError(f"{where}: shape {x.shape} found, but (n, h, w) or (n, features) expected")
    if x.size == 0:
        raise DataError(f"{where}: empty: its shape is {x.shape}")
    whole = np.issubdtype(x.dtype, np.integer)
    if not (whole or np.issubdtype(x.dtype, np.floating)):
        raise DataError(f"{where}: {x.dtype} found, but integers within 0..255 or floats within 0..1 expected")
    lowest, highest = x.min(), x.max()
    is_within = lowest >= 0 and highest <= (255 if whole else 1)  # False where min and max are NaN
    if not is_within:
        raise DataError(
            f"{where}: {x.dtype} within {lowest:g}..{highest:g} found, "
            "but integers within 0..255 or floats within 0..1 expected"
        )
    return x.astype(np.uint8, copy=False) if whole else x.astype(np.float32, copy=False)


def _convert_labels(y: npt.NDArray[np.generic], where: str) -> Labels:
    if y.shape[1:] == (1,):
        y = y[:, 0]
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.integer):
        raise DataError(f"{where}: {y.dtype} of shape {y.shape} found, but integers of shape (n,) or (n, 1) expected")
    return y.astype(np.int64, copy=False)
