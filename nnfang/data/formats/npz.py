"""A NumPy archive as a data set: x_train, y_train, x_test and y_test in one .npz file."""

import lzma
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from tokenize import TokenError

import numpy as np
import numpy.typing as npt

from nnfang.data.dataset import Dataset, Images, Labels
from nnfang.data.formats.arrays import check_expansion, from_arrays
from nnfang.errors import DataError

WHITE = 255

MEMBERS = ("x_train", "y_train", "x_test", "y_test")

SHOWN_MEMBERS = 10
"""How many of the members that were found a message lists at most."""

DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, TokenError),
    *(ArithmeticError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError, TypeError, ValueError),
)
"""What zipfile and NumPy raise on bytes that make no sense."""

AnyArray = npt.NDArray[np.generic]


def load_npz(path: Path) -> Dataset:
    """Read a data set from a .npz file; nothing in it is ever unpickled.

    Images of shape (n, h, w), (n, h, w, 1) or (n, features) may be integers within 0..255, which become uint8,
    or floats within 0..1, which become float32. Labels of shape (n,) or (n, 1) are integers from 0.

    Raises:
        DataError: A member is missing, cannot be read, or is something else.
    """
    sizes = _read_sizes(path)
    if absent := [name for name in MEMBERS if name not in sizes]:
        found = ", ".join(list(sizes)[:SHOWN_MEMBERS]) or "nothing"
        raise DataError(f"missing: {', '.join(absent)}; found: {found}", path)
    check_expansion(path, sum(sizes[name] for name in MEMBERS))
    arrays = _read_members(path)
    x_train, x_test = (_convert_images(arrays[name], name, path) for name in ("x_train", "x_test"))
    y_train, y_test = (_convert_labels(arrays[name], name, path) for name in ("y_train", "y_test"))
    return from_arrays(path, x_train, y_train, x_test, y_test)


def _read_sizes(path: Path) -> Counter[str]:
    """The bytes of each member, by its name; of all together that NumPy might take for the member of that name."""
    sizes: Counter[str] = Counter()
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except DAMAGE as error:
        raise _unreadable(path, error) from error
    for member in members:
        sizes[member.filename.removesuffix(".npy")] += member.file_size
    return sizes


def _read_members(path: Path) -> dict[str, AnyArray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as members:
            return {name: np.asarray(members[name]) for name in MEMBERS}
    except DAMAGE as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    lines = str(error).splitlines() or [type(error).__name__]
    return DataError(f"cannot be read as .npz: {lines[0]}", path)


def _convert_images(x: AnyArray, name: str, path: Path) -> Images:
    """Integers as uint8, floats as float32; `Dataset` checks the rest."""
    if x.shape[3:] == (1,):
        x = x[..., 0]
    if x.shape[3:] in ((3,), (4,)):
        raise DataError(f"{name}: colour images of shape {x.shape} found, expected grey ones: (n, h, w)", path)
    if np.issubdtype(x.dtype, np.floating):
        with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, and is refused as that
            return x.astype(np.float32, copy=False)
    if not np.issubdtype(x.dtype, np.integer):
        raise DataError(f"{name}: {x.dtype} found, expected integers within 0..255 or floats within 0..1", path)
    if x.size and not (x.min() >= 0 and x.max() <= WHITE):
        raise DataError(f"{name}: {x.dtype} within {x.min()}..{x.max()} found, expected integers within 0..255", path)
    return x.astype(np.uint8, copy=False)


def _convert_labels(y: AnyArray, name: str, path: Path) -> Labels:
    if y.shape[1:] == (1,):
        y = y[:, 0]
    if not np.issubdtype(y.dtype, np.integer):
        raise DataError(f"{name}: {y.dtype} of shape {y.shape} found, expected integers of shape (n,) or (n, 1)", path)
    return y.astype(np.int64, copy=False)
