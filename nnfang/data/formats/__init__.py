"""A path as a data set: which of the formats is it in?"""

import zipfile
from collections.abc import Callable
from pathlib import Path

from nnfang.data.dataset import Dataset
from nnfang.data.formats.arrays import OnUnreadable, from_arrays
from nnfang.data.formats.csv import find_pair, is_csv, load_csv, load_csv_pair
from nnfang.data.formats.idx import IDX_NAMES, read_idx_files
from nnfang.data.formats.npz import load_npz
from nnfang.data.formats.pictures import ReadPicture, has_classes, load_pictures
from nnfang.errors import DataError

FORMATS = f"""A path can be:
  a folder with {", ".join(IDX_NAMES)}, each plain or .gz
  a .npz file with x_train, y_train, x_test, y_test
  a .csv file, plain or .gz: in each line a label and the pixels, integers within 0..255, of a square image
  a folder with two of these, whose names end in train and test
  a folder of pictures, one sub-folder per class: train/<class>/ and test/<class>/, or just <class>/"""


def load_path(
    path: Path,
    read_picture: ReadPicture | None,
    warn: Callable[[str], None] | None,
    on_unreadable: OnUnreadable | None = None,
) -> Dataset:
    """Read the data set at a path that exists, in whichever of the formats it is.

    Raises:
        DataError: It is in none of them, or not as its format demands.
    """
    try:
        if path.is_file():
            return _load_file(path, warn, on_unreadable)
        files = [_find_idx(path, name) for name in IDX_NAMES]
        if any(files):
            return _load_idx_folder(path, files)
        if has_classes(path):
            if read_picture is None:
                raise DataError("a folder of pictures, but nothing was given to read them (read_picture)", path)
            return load_pictures(path, read_picture, warn, on_unreadable)
        if pair := find_pair(path):
            return load_csv_pair(path, pair, on_unreadable)
        raise DataError(f"{_describe(path)}.\n{FORMATS}", path)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", error.filename or path) from error


def _load_file(path: Path, warn: Callable[[str], None] | None, on_unreadable: OnUnreadable | None) -> Dataset:
    if zipfile.is_zipfile(path):
        return load_npz(path)
    if is_csv(path):
        return load_csv(path, warn, on_unreadable)
    raise DataError(f"a file, but neither .npz nor .csv.\n{FORMATS}", path)


def _load_idx_folder(folder: Path, files: list[Path | None]) -> Dataset:
    found = [file for file in files if file]
    if len(found) < len(files):
        absent = ", ".join(name for name, file in zip(IDX_NAMES, files, strict=True) if not file)
        raise DataError(f"{', '.join(file.name for file in found)} found, but missing: {absent}", folder)
    return from_arrays(folder, *read_idx_files(found))


def _find_idx(folder: Path, name: str) -> Path | None:
    """Look for an IDX file as train-images-idx3-ubyte or train-images.idx3-ubyte, with or without .gz."""
    for stem in (name, name.replace("-idx", ".idx")):
        for file in (folder / f"{stem}.gz", folder / stem):
            if file.is_file():
                return file
    return None


def _describe(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if not names:
        return "an empty folder"
    return f"a folder with {', '.join(names[:3])}{' and so on' if names[3:] else ''}"
