"""A path as a data set: which of the three forms is it?"""

import zipfile
from collections.abc import Callable
from pathlib import Path

from nnfang.data.dataset import Dataset, measure_preparation, name_by_number
from nnfang.data.idx import IDX_NAMES, read_idx_files
from nnfang.data.npz import load_npz
from nnfang.data.pictures import ReadPicture, has_classes, load_pictures
from nnfang.errors import DataError

FORMS = f"""A path can be:
  a folder with {", ".join(IDX_NAMES)}, each plain or .gz
  a .npz file with x_train, y_train, x_test, y_test
  a folder of pictures, one sub-folder a class: train/<class>/ and test/<class>/, or just <class>/"""


def load_path(path: Path, read_picture: ReadPicture | None, warn: Callable[[str], None] | None) -> Dataset:
    """Read the data set at a path that exists, in whichever of the three forms it is.

    Raises:
        DataError: it is in none of them, or not what the form demands.
    """
    try:
        if path.is_file():
            if zipfile.is_zipfile(path):
                return load_npz(path)
            raise DataError(f"{path}: a file, but not in the .npz format.\n{FORMS}")
        files = [_find_idx(path, name) for name in IDX_NAMES]
        if any(files):
            return _load_idx_folder(path, files)
        if has_classes(path):
            if read_picture is None:
                raise DataError(f"{path}: a folder of pictures, but nothing was given to read them (read_picture)")
            return load_pictures(path, read_picture, warn)
        raise DataError(f"{path}: {_describe(path)}.\n{FORMS}")
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read: {error.strerror or error}") from None


def _load_idx_folder(folder: Path, files: list[Path | None]) -> Dataset:
    found = [file for file in files if file]
    if len(found) < len(files):
        absent = ", ".join(name for name, file in zip(IDX_NAMES, files, strict=True) if not file)
        raise DataError(f"{folder}: {', '.join(file.name for file in found)} found, but missing: {absent}")
    x_train, y_train, x_test, y_test = read_idx_files(found)
    class_names = name_by_number(y_train, y_test, str(folder))
    preparation = measure_preparation(x_train)
    return Dataset(str(folder), x_train, y_train, x_test, y_test, class_names, preparation, source=str(folder))


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
