"""A folder of pictures as a data set: one sub-folder per class."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nnfang.data.dataset import Dataset, Images, Labels
from nnfang.data.formats.arrays import TEST_EVERY, OnUnreadable, Unreadable, mark_test
from nnfang.errors import DataError, NnfangError
from nnfang.names import natural_key

ReadPicture = Callable[[Path], npt.NDArray[np.uint8]]
"""Reads a picture file as the image of one sample, uint8 (h, w); whoever calls brings it along."""

Samples = list[tuple[Path, int]]
"""Picture files, each with its label."""

SHUFFLE_SEED = 0

CLUTTER = ("thumbs.db", "desktop.ini")
"""What Windows leaves in folders; the names of other systems' clutter begin with a dot."""


def load_pictures(
    folder: Path,
    read_picture: ReadPicture,
    warn: Callable[[str], None] | None = None,
    on_unreadable: OnUnreadable | None = None,
) -> Dataset:
    """Read a data set from train/<class>/... and test/<class>/..., or from <class>/... alone.

    In the second form every fifth picture of each class, in natural order of the file names, becomes a test image.
    Classes are in natural order of their names. The samples are shuffled, the same way each time, so that the first N
    of them are not of one class. Hidden files are ignored; any other file must be a picture, for a data set that
    silently loses samples is worse than one that does not load.

    Args:
        folder: Holds the sub-folders.
        read_picture: Reads one picture; all of them must have the same shape.
        warn: Called with one line if the pictures had to be split.
        on_unreadable: Called with each picture that cannot be read, and which is then left out; None raises.

    Raises:
        DataError: The sub-folders are not as described, or a picture cannot be read.
    """
    class_names, train, test = _list_parts(folder, warn)
    x_train, y_train, train_places = _read_samples(train, 0, read_picture, on_unreadable)
    x_test, y_test, test_places = _read_samples(test, len(train), read_picture, on_unreadable)
    return Dataset(
        *(str(folder), x_train, y_train, x_test, y_test, tuple(class_names), "plain"),
        source=str(folder),
        train_places=train_places,
        test_places=test_places,
    )


def _list_parts(folder: Path, warn: Callable[[str], None] | None) -> tuple[list[str], Samples, Samples]:
    """The names of the classes, and the samples of each part."""
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
    return class_names, train, test


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
    is_test = mark_test(np.array([label for _, label in samples], np.int64)).tolist()
    parts = [[sample for sample, kept in zip(samples, is_test, strict=True) if kept is part] for part in (False, True)]
    return parts[0], parts[1]


def _read_samples(
    samples: Samples, before: int, read_picture: ReadPicture, on_unreadable: OnUnreadable | None
) -> tuple[Images, Labels, tuple[str, ...]]:
    """The images, shuffled, their labels and files; `before` counts the samples of the other part."""
    order = np.random.default_rng(SHUFFLE_SEED).permutation(len(samples)).tolist()
    images: list[npt.NDArray[np.uint8]] = []
    kept = []
    for i in order:
        path, _ = samples[i]
        try:
            image = _read(path, read_picture, images[0].shape if images else None)
        except DataError as error:
            if on_unreadable is None:
                raise
            on_unreadable(Unreadable(str(path), before + i, error.reason))
        else:
            images.append(image)
            kept.append(i)
    if not images:
        raise DataError("none of the pictures can be read", samples[0][0].parent)
    y = np.array([samples[i][1] for i in kept], np.int64)
    return np.stack(images), y, tuple(str(samples[i][0]) for i in kept)


def _read(path: Path, read_picture: ReadPicture, shape: tuple[int, ...] | None) -> npt.NDArray[np.uint8]:
    """One picture, which must have the shape of the others, where there are some."""
    try:
        image = read_picture(path)
    except NnfangError as error:
        raise DataError(f"cannot be read as a picture: {error.reason}", path) from error
    except OSError as error:
        raise DataError(f"cannot be read as a picture: {error.strerror or error}", path) from error
    if shape and image.shape != shape:
        raise DataError(f"its shape is {image.shape}, but that of others {shape}", path)
    return image
