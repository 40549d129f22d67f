"""A folder of pictures as a data set: one sub-folder a class."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nnfang.data.dataset import Dataset, Images, Labels
from nnfang.errors import DataError, NnfangError

ReadPicture = Callable[[Path], npt.NDArray[np.uint8]]
"""Turns a picture file into the image of one sample, uint8 (h, w); whoever calls brings it along."""

Samples = list[tuple[Path, int]]
"""Picture files, each with its label."""

TEST_EVERY = 5
ORDER_SEED = 0
CLUTTER = ("thumbs.db", "desktop.ini")  # what Windows leaves in folders; elsewhere such files begin with a dot


def load_pictures(folder: Path, read_picture: ReadPicture, warn: Callable[[str], None] | None = None) -> Dataset:
    """Read a data set from train/<class>/... and test/<class>/..., or from <class>/... alone.

    In the second form every fifth picture of each class, in natural order of the file names, is kept for the
    test. Classes are in natural order of their names. The samples come in a pseudo-random order, the same each
    time, so that the first so many of them are not of one class. Hidden files are passed over; any other file
    must be a picture, for a data set that silently loses samples is worse than one that does not load.

    Args:
        folder: holds the sub-folders.
        read_picture: reads one picture; all of them must come out in the same shape.
        warn: is told in one line that pictures were kept for the test.

    Raises:
        DataError: the sub-folders are not as described, or a picture cannot be read.
    """
    parts = {path.name for path in _list_folders(folder)}
    if {"train", "test"} <= parts:
        class_names = [path.name for path in _list_folders(folder / "train")]
        train, test = (_list_samples(folder / part, class_names) for part in ("train", "test"))
    elif parts in ({"train"}, {"test"}):
        found, missing = ("train", "test") if "train" in parts else ("test", "train")
        raise DataError(f"{folder}: there is {found}/, but no {missing}/")
    else:
        class_names = [path.name for path in _list_folders(folder)]
        train, test = _split(_list_samples(folder, class_names))
        if warn and test:
            warn(
                f"{folder}: no train/ and test/, so every fifth picture of each class "
                f"is kept for the test: {len(test)} of {len(train) + len(test)}"
            )
    if not train or not test:
        raise DataError(
            f"{folder}: {len(train)} pictures to train with and {len(test)} to test with; "
            f"both are needed (without train/ and test/: at least {TEST_EVERY} of a class)"
        )
    x_train, y_train = _read_samples(train, read_picture)
    x_test, y_test = _read_samples(test, read_picture)
    return Dataset(str(folder), x_train, y_train, x_test, y_test, tuple(class_names), "plain", source=str(folder))


def has_classes(folder: Path) -> bool:
    """Whether a folder has sub-folders, which could be classes."""
    return bool(_list_folders(folder))


def _list_visible(folder: Path) -> list[Path]:
    visible = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted((path for path in visible if path.name.lower() not in CLUTTER), key=_natural_order)


def _list_folders(folder: Path) -> list[Path]:
    return [path for path in _list_visible(folder) if path.is_dir()]


def _natural_order(path: Path) -> tuple[list[str | int], str]:
    """Sort 2 before 10; even places of the list are text, odd ones numbers, so that they compare."""
    pieces = re.split(r"(\d+)", path.name.casefold())
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], path.name


def _list_samples(folder: Path, class_names: list[str]) -> Samples:
    samples: Samples = []
    for class_folder in _list_folders(folder):
        if class_folder.name not in class_names:
            raise DataError(f"{class_folder}: no pictures to train this class with; known: {', '.join(class_names)}")
        pictures = _list_visible(class_folder)
        if not pictures:
            raise DataError(f"{class_folder}: a class without pictures: the folder is empty")
        if inner := [path for path in pictures if path.is_dir()]:
            raise DataError(f"{inner[0]}: a folder within the class {class_folder.name!r}, where pictures are expected")
        samples += [(path, class_names.index(class_folder.name)) for path in pictures]
    return samples


def _split(samples: Samples) -> tuple[Samples, Samples]:
    train: Samples = []
    test: Samples = []
    for label in sorted({label for _, label in samples}):
        of_class = [sample for sample in samples if sample[1] == label]
        for place, sample in enumerate(of_class, start=1):
            (train if place % TEST_EVERY else test).append(sample)
    return train, test


def _read_samples(samples: Samples, read_picture: ReadPicture) -> tuple[Images, Labels]:
    order = np.random.default_rng(ORDER_SEED).permutation(len(samples))
    images: list[npt.NDArray[np.uint8]] = []
    for path, _ in (samples[place] for place in order):
        try:
            image = read_picture(path)
        except (NnfangError, OSError) as error:
            reason = str(error).removeprefix(f"{path}: ")
            raise DataError(f"{path}: cannot be read as a picture: {reason}") from None
        if images and image.shape != images[0].shape:
            raise DataError(f"{path}: read in the shape {image.shape}, but others in {images[0].shape}")
        images.append(image)
    return np.stack(images), np.array([samples[place][1] for place in order], np.int64)
