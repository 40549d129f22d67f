"""What a recipe calls its data set -> the data set, folders of pictures included."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import TYPE_CHECKING

from nnfang import data
from nnfang.errors import NnfangWarning

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

PICTURE_SHAPE = (28, 28)
"""Pictures of a data set become images of this height and width, MNIST's."""


def load_data(
    name_or_path: str | PathLike[str],
    *,
    offline: bool = False,
    progress: data.MakeProgress | None = None,
    warn: Callable[[str], None] | None = None,
) -> data.Dataset:
    """Load a data set, downloading it first if it has a name and is not in the cache.

    Args:
        name_or_path: "mnist", "fashion-mnist", "kmnist", "mnist-sample", or the path of a folder of IDX files, of a
            .npz or .csv file, or of a folder of pictures with a sub-folder for each class.
        offline: Never touch the network; NNFANG_OFFLINE=1 says the same.
        progress: Creates the progress bar of a file that is downloaded from a description; None is silent.
        warn: Is told what a person should know; by default that is a Python warning.

    Raises:
        DataError: The data set is unavailable, or is not what it claims to be.
        ConfigError: NNFANG_MIRROR or NNFANG_OFFLINE makes no sense.
    """
    return data.load(name_or_path, offline=offline, progress=progress, read_picture=_read_picture, warn=warn or _warn)


def examine_data(
    name_or_path: str | PathLike[str],
    *,
    offline: bool = False,
    progress: data.MakeProgress | None = None,
    warn: Callable[[str], None] | None = None,
) -> data.Examination:
    """Load a data set as `load_data` does, and look for what may be wrong with it.

    Pictures of a folder and lines of a table that cannot be read are listed, in place of the first as an error. For
    arguments and errors see `load_data`.
    """
    sizes: Counter[tuple[int, int]] = Counter()

    def read_and_measure(path: Path) -> npt.NDArray[np.uint8]:
        from nnfang import images
        from nnfang.images.reading import read

        picture = read(path)
        sizes[picture.file_shape] += 1
        return images.prepare(picture.grey, PICTURE_SHAPE, "plain")

    unreadable = data.Collector()
    dataset = data.load(
        name_or_path,
        offline=offline,
        progress=progress,
        read_picture=read_and_measure,
        warn=warn or _warn,
        on_unreadable=unreadable,
    )
    return data.examine(dataset, unreadable.found, sizes)


def _warn(message: str) -> None:
    warnings.warn(message, NnfangWarning, stacklevel=3)


def _read_picture(path: Path) -> npt.NDArray[np.uint8]:
    from nnfang import images  # Pillow, which most data sets do without

    return images.load(path, PICTURE_SHAPE, "plain")
