"""Whether a recipe, a data set and a network fit together: one check, for whoever trains."""

from __future__ import annotations

import warnings
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from nnfang.core.constraints import FieldError
from nnfang.core.network import output_layer
from nnfang.errors import NnfangWarning

if TYPE_CHECKING:
    from nnfang.core.network import Network
    from nnfang.training.examples import Examples
    from nnfang.training.recipe import Recipe


class OutputUnitsError(FieldError):
    """An output layer has another number of units than the data set has classes.

    Attributes:
        classes: How many it has.
    """

    def __init__(self, path: str, reason: str, classes: int) -> None:
        super().__init__(path, reason)
        self.classes = classes


def size_output_layer(recipe: Recipe, data: Examples) -> Recipe:
    """The recipe with one output unit per class; if that changes it, a warning says so."""
    last, classes = output_layer(recipe.layers), len(data.class_names)
    if last.units == classes:
        return recipe
    warnings.warn(
        f"the output layer has {classes} units instead of {last.units}, one per class of {data.name}",
        NnfangWarning,
        stacklevel=3,
    )
    return replace(recipe, layers=(*recipe.layers[:-1], replace(last, units=classes)))


def check_compatible(recipe: Recipe, data: Examples, network: Network) -> None:
    """Refuse to train a network by a recipe that it was not made for, or on images that it cannot take.

    What only an engine, a split or a distortion can know is checked when it is created, before the first step.

    Raises:
        FieldError: They do not fit; its path is that of the recipe's key at fault.
    """
    units, classes = output_layer(recipe.layers).units, len(data.class_names)
    if units != classes:
        last = f"layers[{len(recipe.layers) - 1}].units"
        raise OutputUnitsError(last, f"found {units}, but {data.name} has {classes} classes", classes)
    if network.layers != recipe.layers:
        raise FieldError("layers", f"the network has other layers: {network!r}")
    if network.dtype != recipe.dtype:
        raise FieldError("dtype", f"found {recipe.dtype}, but the network's numbers are {network.dtype}")
    if network.inputs != prod(data.input_shape):
        shape = " x ".join(map(str, data.input_shape))
        raise FieldError("dataset", f"the images of {data.name} are {shape}, but the network takes {network.inputs}")
