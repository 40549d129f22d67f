"""A folder of pictures as a data set: one sub-folder per class."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nnfang.data.dataset import Dataset, Images, Labels
from nnfang.errors import DataError, NnfangError
from nnfang.names import natural_key

ReadPicture = Callable[[Path], npt.NDArray[np.uint8]]
"""Reads a picture file as the image of one sample, uint8 (h, w); whoever calls brings it along."""

Samples = list[tuple[Path, int]]
"""Picture files, each with its label."""

TEST_EVERY = 5
"""Without train/ and test/, every fifth picture of a class is a test image."""

SHUFFLE_SEED = 0

CLUTTER = ("thumbs.db", "desktop.ini")
"""What Windows leaves in folders; the names of other systems' clutter begin with a dot."""


def load_pictures(folder: Path, read_picture: ReadPicture, warn: Callable[[str], None] | None = None) -> Dataset:
    """Read a data set from train/<class>/... and test/<class>/..., or from <class>/... alone.

    In the second form every fifth picture of each class, in natural order of the file names, becomes a test image.
    Classes are in natural order of their names. The samples are shuffled, the same way each time, so that the first N
    of them are not of one class. Hidden files are ignored; any other file must be a picture, for a data set that
    silently loses samples is worse than one that does not load.

    Args:
        folder: Holds the sub-folders.
        read_picture: Reads one picture; all of them must have the same shape.
        warn: Called with one line if the pictures had to be split.

    Raises:
        DataError: The sub-folders are not as described, or a picture cannot be read.
    """
    parts = {path.name for path in _list_folders(folder)}
    if {"train", "test"} <= parts:
        class_names = [path.name for path in _list_folders(folder / "train")]
        train, test = (_list_samples(folder / part, class_names) for part in ("train", "test"))
    elif parts in ({"train"}, {"test"}):
        found, missing = ("train", "test") if "train" in parts else ("test", "train")
        raise DataError(f"there is {found}/, but no {missing}/", folder)
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
            f"{len(train)} training and {len(test)} test pictures found; "
            f"both are needed (without train/ and test/: at least {TEST_EVERY} per class)",
            folder,
        )
    x_train, y_train = _read_samples(train, read_picture)
    x_test, y_test = _read_samples(test, read_picture)
    return Dataset(str(folder), x_train, y_train, x_test, y_test, tuple(class_names), "plain", source=str(folder))


def has_classes(folder: Path) -> bool:
    """Whether a folder has sub-folders, which could be classes."""
    return bool(_list_folders(folder))


def _list_visible(folder: Path) -> list[Path]:
    visible = [path for path in folder.iterdir() if not path.name.startswith(".") and path.name.lower() not in CLUTTER]
    return sorted(visible, key=lambda path: natural_key(path.name))


def _list_folders(folder: Path) -> list[Path]:
    return [path for path in _list_visible(folder) if path.is_dir()]


def _list_samples(folder: Path, class_names: list[str]) -> Samples:
    samples: Samples = []
    for class_folder in _list_folders(folder):
        if class_folder.name not in class_names:
            raise DataError(f"a class without training pictures; known: {', '.join(class_names)}", class_folder)
        pictures = _list_visible(class_folder)
        if not pictures:
            raise DataError("a class without pictures: the folder is empty", class_folder)
        if inner := [path for path in pictures if path.is_dir()]:
            raise DataError(f"a folder within the class {class_folder.name!r}, where pictures are expected", inner[0])
        samples += [(path, class_names.index(class_folder.name)) for path in pictures]
    return samples


def _split(samples: Samples) -> tuple[Samples, Samples]:
    train: Samples = []
    test: Samples = []
    for label in sorted({label for _, label in samples}):
        of_class = [sample for sample in samples if sample[1] == label]
        for number, sample in enumerate(of_class, start=1):
            (train if number % TEST_EVERY else test).append(sample)
    return train, test


def _read_samples(samples: Samples, read_picture: ReadPicture) -> tuple[Images, Labels]:
    order = np.random.default_rng(SHUFFLE_SEED).permutation(len(samples))
    images: list[npt.NDArray[np.uint8]] = []
    for path, _ in (samples[i] for i in order):
        try:
            image = read_picture(path)
        except NnfangError as error:
            raise DataError(f"cannot be read as a picture: {error.reason}", path) from error
        except OSError as error:
            raise DataError(f"cannot be read as a picture: {error.strerror or error}", path) from error
        if images and image.shape != images[0].shape:
            raise DataError(f"its shape is {image.shape}, but that of others {images[0].shape}", path)
        images.append(image)
    return np.stack(images), np.array([samples[i][1] for i in order], np.int64)
