"""A network is a tuple of layers and one flat vector θ, of which every weight matrix and bias is a view."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
import numpy.typing as npt

from nnfang.core.activations import OUTPUT_ONLY
from nnfang.core.arrays import Array, Images, aligned_empty, scale_pixels
from nnfang.core.constraints import FieldError
from nnfang.core.layers import Dense, Layer, Parameters
from nnfang.core.randomness import Purpose, generator

if TYPE_CHECKING:
    from nnfang.core.workspace import Workspace

PREDICTION_ROWS = 512
"""Rows predicted at a time: enough for full speed, little memory for any number of images."""


class NetworkRecipe(Protocol):
    """What `Network.for_recipe` reads of a recipe."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """From the first hidden layer to the output layer."""

    @property
    def seed(self) -> int:
        """Of the first weights."""

    @property
    def dtype(self) -> str:
        """float32 or float64."""


class NetworkData(Protocol):
    """What `Network.for_recipe` reads of a data set."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one image, such as (28, 28)."""


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """Layers, the number of inputs, and θ.

    The network keeps `theta` itself, not a copy: training, and any assignment to a view of `parameters`, changes it in
    place. Everything else leaves a network as it is.

    Attributes:
        layers: From the first hidden layer to the output layer; the inputs are no layer of their own.
        inputs: Width of a row of x.
        theta: (size,), all parameters, layer after layer, W before b. W (units, inputs) is stored column by column,
            because BLAS multiplies a batch by Wᵀ fastest that way.

    Raises:
        ValueError: θ has another size than the layers need, or a layer stands where it cannot.
    """

    layers: tuple[Layer, ...]
    inputs: int
    theta: Array

    def __post_init__(self) -> None:
        check_order(self.layers)
        size = sum(map(prod, (shape for shapes in self.shapes for shape in shapes)))
        if self.theta.shape != (size,):
            raise ValueError(f"theta must have shape ({size},) for these layers, found {self.theta.shape}")

    @classmethod
    def initialize(
        cls, layers: Sequence[Layer], inputs: int, *, seed: int = 0, dtype: npt.DTypeLike = np.float32
    ) -> Self:
        """A network with first weights drawn from `seed`, layer by layer: the same for both dtypes, to rounding."""
        size = sum(prod(shape) for shapes in layer_shapes(layers, inputs) for shape in shapes)
        network = cls(tuple(layers), inputs, aligned_empty((size,), dtype))
        for i, (layer, parameters) in enumerate(zip(network.layers, network.parameters, strict=True)):
            layer.initialize(parameters, generator(seed, Purpose.WEIGHTS, i))
        return network

    @classmethod
    def for_recipe(cls, recipe: NetworkRecipe, data: NetworkData) -> Self:
        """The network that `recipe` describes for the images of `data`, with its first weights."""
        return cls.initialize(recipe.layers, prod(data.input_shape), seed=recipe.seed, dtype=recipe.dtype)

    def __repr__(self) -> str:
        units = "-".join(map(str, self.units))
        return f"Network {units}, {self.theta.size:,} parameters, {self.dtype}"

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Layer, ...], int, Array]]:
        # Without this a deep copy would have its own θ, and parameters that are no views of it.
        return type(self), (self.layers, self.inputs, self.theta)

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """float32 or float64."""
        return self.theta.dtype

    @property
    def outputs(self) -> int:
        """Width of a row of ŷ: the number of classes."""
        return self.widths[-1]

    @property
    def output_activation(self) -> str:
        """The name of the last layer's activation."""
        return output_layer(self.layers).activation

    @property
    def units(self) -> tuple[int, ...]:
        """The inputs, and the units of each layer that has parameters, such as (784, 128, 64, 10)."""
        return self.inputs, *(shapes[0][0] for shapes in self.shapes if shapes)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """The inputs, then the width of each layer: 784, 128, 64, 10 for the paper's network."""
        return tuple(layer_widths(self.layers, self.inputs))

    @cached_property
    def shapes(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """The shapes of each layer's parameters."""
        return tuple(layer_shapes(self.layers, self.inputs))

    @cached_property
    def parameters(self) -> tuple[Parameters, ...]:
        """Each layer's W and b, views of θ."""
        return self.views(self.theta)

    def views(self, vector: Array) -> tuple[Parameters, ...]:
        """A flat vector like θ, such as its gradient, seen as each layer's arrays."""
        flat = iter(np.split(vector, np.cumsum([prod(shape) for shapes in self.shapes for shape in shapes])))
        return tuple(tuple(next(flat).reshape(shape, order="F") for shape in shapes) for shapes in self.shapes)

    def allocate(self, rows: int) -> Workspace:
        """The uninitialized workspace for the forward and backward pass of `rows` samples."""
        return tuple(
            layer.allocate(rows, inputs, self.dtype) for layer, inputs in zip(self.layers, self.widths, strict=False)
        )

    def predict(self, images: Images) -> Array:
        """ŷ for each image: with a softmax output, the probabilities of the classes.

        Args:
            images: (m, …) with `inputs` numbers each: bytes, which are divided by 255, or floats, taken as they are.

        Returns:
            (m, outputs).

        Raises:
            ValueError: An image has another number of pixels than the network has inputs.
        """
        shape = np.shape(images)
        if not isinstance(images, np.ndarray) or prod(shape[1:]) != self.inputs or len(shape) == 1:
            raise ValueError(f"images must be an array (m, ...) with {self.inputs} numbers each, found shape {shape}")
        starts = range(0, max(len(images), 1), PREDICTION_ROWS)
        blocks = [self._predict_block(images[start : start + PREDICTION_ROWS]) for start in starts]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def _predict_block(self, images: Images) -> Array:
        """The forward process, which keeps nothing for a backward pass."""
        a = np.empty((len(images), self.inputs), self.dtype)
        scale_pixels(images, a)
        for layer, parameters in zip(self.layers, self.parameters, strict=True):
            a = layer.predict(a, parameters)
        return a

    @property
    def theta_sha256(self) -> str:
        """The SHA-256 of the bytes of θ, in hexadecimal."""
        return hashlib.sha256(self.theta.tobytes()).hexdigest()

    def digest(self) -> str:
        """The first 16 characters of `theta_sha256`: training runs that agree to the last bit have the same."""
        return self.theta_sha256[:16]


def layer_widths(layers: Iterable[Layer], inputs: int) -> Iterator[int]:
    """The inputs, then the width of each layer."""
    yield inputs
    for layer in layers:
        inputs = layer.width(inputs)
        yield inputs


def layer_shapes(layers: Sequence[Layer], inputs: int) -> Iterator[tuple[tuple[int, ...], ...]]:
    """The shapes of each layer's parameters."""
    for layer, width in zip(layers, layer_widths(layers, inputs), strict=False):
        yield layer.shapes(width)


def output_layer(layers: Sequence[Layer]) -> Dense:
    """The last layer.

    Raises:
        FieldError: There is none, or it is not dense.
    """
    if not layers:
        raise FieldError("layers", "a network needs at least one layer")
    last = layers[-1]
    if not isinstance(last, Dense):
        raise FieldError(f"layers[{len(layers) - 1}]", "the last layer must be dense, with one unit per class")
    return last


def check_order(layers: Sequence[Layer]) -> None:
    """Check that each layer may stand where it does.

    Raises:
        FieldError: There are no layers, the last is not dense, or one before it is softmax.
    """
    output_layer(layers)
    for i, layer in enumerate(layers[:-1]):
        if isinstance(layer, Dense) and layer.activation in OUTPUT_ONLY:
            raise FieldError(f"layers[{i}].activation", f"{layer.activation} is for the last layer only")
