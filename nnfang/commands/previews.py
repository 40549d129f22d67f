"""``nnfang train --preview-augment``: what the distortions of a recipe look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnfang.commands import console
from nnfang.errors import ConfigError, NnfangError

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.training.recipe import Recipe

ROWS, COLUMNS = 10, 16


def preview(path: Path, recipe: Recipe, data: Dataset) -> None:
    """Write a sheet of training images: each as it is, then distorted as it may be seen in the first epochs.

    Raises:
        ConfigError: Nothing is distorted, or nothing can be: the images have no height and width.
        NnfangError: The sheet cannot be written.
    """
    import numpy as np

    from nnfang.images import write_sheet
    from nnfang.training.augment import Distortion

    if recipe.augment is None:
        raise ConfigError("--preview-augment: the config has no augment, such as --set augment.rotate=15")
    try:
        distortion = Distortion(recipe.augment, data.input_shape, recipe.seed)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    count, (h, w) = len(data.x_train), data.input_shape
    originals = data.x_train[np.linspace(0, count - 1, min(ROWS, count)).astype(int)]
    sheet = np.empty((len(originals), COLUMNS, h, w), np.float32)
    sheet[:, 0] = originals / 255 if originals.dtype == np.uint8 else originals
    for column in range(1, COLUMNS):
        distortion(originals, column, 0, out := np.empty((len(originals), h * w), np.float32))
        sheet[:, column] = out.reshape(-1, h, w)
    try:
        write_sheet(path, np.rint(sheet * 255).clip(0, 255).astype(np.uint8))
    except (OSError, ValueError) as error:
        raise NnfangError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from None
    console.note(f"{path}: each row a training image as it is, then distorted in {COLUMNS - 1} ways")
