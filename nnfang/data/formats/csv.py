"""Tables of text as a data set: one, of which a part becomes the test images, or one of each part in a folder."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nnfang.data.dataset import Dataset
from nnfang.data.formats.arrays import MAX_CLASSES, OnUnreadable, mark_test, measure_preparation, name_by_number
from nnfang.data.formats.table import Table, read_table
from nnfang.errors import DataError
from nnfang.names import natural_key

SUFFIXES = (".csv", ".csv.gz")

NUMBER = re.compile(r"(\d{1,9})(?:\.0*)?", re.ASCII)
"""A label that is the number of a class."""

Numbers = npt.NDArray[np.int64]


def is_csv(path: Path) -> bool:
    """Whether the name of a file says that it is such a table."""
    return path.name.lower().endswith(SUFFIXES)


def find_pair(folder: Path) -> tuple[Path, Path] | None:
    """The only table in a folder whose name ends in ``train``, and the only one in ``test``, if both are there."""
    tables = [path for path in folder.iterdir() if is_csv(path) and path.is_file() and not path.name.startswith(".")]
    train, test = ([path for path in tables if path.name.lower().split(".")[0].endswith(p)] for p in ("train", "test"))
    return (train[0], test[0]) if len(train) == len(test) == 1 else None


def load_csv(
    path: Path, warn: Callable[[str], None] | None = None, on_unreadable: OnUnreadable | None = None
) -> Dataset:
    """Read a data set from one table; every fifth line of each class, in their order, becomes a test image.

    Labels are the numbers of classes, or words. A line has as many pixels, integers within 0..255, as a square image.

    Args:
        path: The file, plain or gzipped.
        warn: Called with one line that says so.
        on_unreadable: Called with each line that cannot be read, and which is then left out; None raises.

    Raises:
        DataError: It is not such a table.
    """
    table = read_table(path, on_unreadable)
    y, class_names = _name_classes(table)
    is_test = mark_test(y)
    if warn and is_test.any():
        warn(
            f"{path}: no test images in a single table, so every fifth line of each class is kept for the test: "
            f"{np.count_nonzero(is_test):,} of {len(y):,}"
        )
    places = [f"line {line}" for line in table.lines]
    train, test = (np.flatnonzero(mask) for mask in (~is_test, is_test))
    if not len(test):
        needed = "at least five lines of a class are needed, since every fifth is kept for the test"
        raise DataError(f"{needed}; lines found: {len(y)}", path)
    return Dataset(
        *(str(path), table.images[train], y[train], table.images[test], y[test], class_names),
        preparation=measure_preparation(table.images[train]),
        source=str(path),
        train_places=tuple(places[i] for i in train),
        test_places=tuple(places[i] for i in test),
    )


def load_csv_pair(folder: Path, files: tuple[Path, Path], on_unreadable: OnUnreadable | None = None) -> Dataset:
    """Read a data set from a table of training images and one of test images; see `load_csv`.

    Raises:
        DataError: As `load_csv`; or a test image has a label that no training image has.
    """
    train, test = (read_table(file, on_unreadable) for file in files)
    y_train, class_names = _name_classes(train)
    y_test = _find_classes(test, class_names)
    train_places, test_places = (
        tuple(f"{table.path.name}, line {line}" for line in table.lines) for table in (train, test)
    )
    return Dataset(
        *(str(folder), train.images, y_train, test.images, y_test, class_names),
        preparation=measure_preparation(train.images),
        source=str(folder),
        train_places=train_places,
        test_places=test_places,
    )


def _name_classes(table: Table) -> tuple[Numbers, tuple[str, ...]]:
    """The label of each line as a number (n,), and what the numbers stand for: themselves, or words in their order."""
    if numbers := _read_numbers(table.labels):
        y = np.array(numbers, np.int64)
        return y, name_by_number(y, y, table.path)
    words = sorted(set(table.labels), key=natural_key)
    if len(words) > MAX_CLASSES:
        raise DataError(f"{len(words):,} different labels, such as {words[0]!r}; is it the right column?", table.path)
    return _find_classes(table, tuple(words)), tuple(words)


def _find_classes(table: Table, class_names: tuple[str, ...]) -> Numbers:
    """The label of each line as a number (n,), by the names of the classes."""
    if (numbers := _read_numbers(table.labels)) and class_names[0] == "0":
        table = replace(table, labels=[str(number) for number in numbers])
    known = {name: label for label, name in enumerate(class_names)}
    for label, line in zip(table.labels, table.lines, strict=True):
        if label not in known:
            raise DataError(f"line {line}: the class {label!r} has no training images", table.path)
    return np.array([known[label] for label in table.labels], np.int64)


def _read_numbers(labels: list[str]) -> list[int] | None:
    """The labels as the numbers that they all are; None if one is a word."""
    found = [NUMBER.fullmatch(label) for label in labels]
    return [int(match[1]) for match in found if match] if all(found) else None
