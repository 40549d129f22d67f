"""The derivation of the paper, run: the hand-derived gradient of each tensor against two witnesses.

One is the limit of differences of the core's own L (`nnfang.training.differences`); the other the derivative at complex
numbers of an L written separately (`nnfang.training.continuation`). A network of millions of weights has too many
coordinates for that. Of each tensor some are checked: half of them those where the gradient is largest, the others
drawn from the seed; and the slope along one direction that moves the whole tensor at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.layers import Dense
from nnfang.core.losses import ChainedOutputLoss, SoftmaxCrossentropy
from nnfang.core.randomness import Purpose, generator
from nnfang.training.continuation import Continuation
from nnfang.training.differences import Direction, Evaluate, central_difference
from nnfang.training.objective import Objective, Side

if TYPE_CHECKING:
    from nnfang.core.arrays import Array
    from nnfang.core.network import Network

TOLERANCE = 1e-6
"""The largest relative error that is none."""

COORDINATES = 20
"""Of each tensor, besides the direction."""

CONDITION = 1e-12
"""What rounding does to the gradient itself, relative to its largest coordinate, or to 1/m if that is larger: ŷ - y has
no more digits than ŷ, and where a unit is saturated, as in 1 - a² with a nearly 1, digits cancel too."""


@dataclass(frozen=True)
class Row:
    """A tensor and how well its gradient agrees with the witnesses.

    Attributes:
        name: As in a checkpoint, such as layers.0.weight; z is that of the output layer, x the input.
        equation: Of the paper, which gives the gradient.
        shape: Of the tensor.
        checked: Coordinates that were compared.
        set_aside: Those with a kink so near that no difference tells the slope; others were taken in their place.
        largest: The largest |gradient|.
        differences: The largest relative error by central differences; None if each coordinate was set aside.
        complex_step: The same by the complex step.
        noticed: The smallest error that the complex step can tell from rounding, in units of the gradient.
    """

    name: str
    equation: str
    shape: tuple[int, ...]
    checked: int
    set_aside: int
    largest: float
    differences: float | None
    complex_step: float
    noticed: float

    @property
    def is_told(self) -> bool:
        """Whether the gradient is large enough for a wrong one to be noticed; that of dead units, 0, is not."""
        return self.largest > self.noticed

    @property
    def is_right(self) -> bool:
        """Whether no error is above `TOLERANCE`; what is not a number is."""
        return self.complex_step <= TOLERANCE and (self.differences is None or self.differences <= TOLERANCE)


@dataclass(frozen=True)
class Variable:
    """What L is differentiated by: the tensor, its hand-derived gradient, L after a change, and the second witness."""

    name: str
    equation: str
    array: Array
    gradient: Array
    evaluate: Evaluate
    witness: Callable[[Array], float]


def check_gradients(network: Network, loss: str, x: Array, y: Array, seed: int = 0) -> Iterator[Row]:
    """Check dL/dz of the output, dL/dW and dL/db of every layer from the last to the first, and dL/dx.

    Args:
        network: In float64. Its weights are moved on the way, and are as they were whenever a row is handed out.
        loss: Name of the loss.
        x: (m, inputs), in float64.
        y: (m, outputs), one-hot.
        seed: Of the coordinates, the directions and the dropout masks, which stay the same throughout.

    Raises:
        ValueError: The network or x is not in float64, in which alone differences are that exact.
    """
    if network.dtype != np.float64 or x.dtype != np.float64:
        raise ValueError(f"float64 is needed, found a network of {network.dtype} and x of {x.dtype}")
    variables = list(list_variables(network, loss, np.array(x), y, seed))
    scale = max(1 / len(x), *(float(np.abs(variable.gradient).max()) for variable in variables))
    for i, variable in enumerate(variables):
        yield compare(variable, scale, generator(seed, Purpose.CHECK, 1 + i))  # 0 chose the images


def list_variables(network: Network, loss: str, x: Array, y: Array, seed: int) -> Iterator[Variable]:
    """All that is checked, in the order of the backward pass."""
    objective = Objective(network, loss, x, y, seed)
    gradients = network.views(objective.gradient())
    dx = objective.input_gradient()
    witness = Continuation(network, loss, x, y, objective.workspace)
    yield from output_variables(objective, witness)
    names = iter(range(sum(isinstance(layer, Dense) for layer in network.layers) - 1, -1, -1))
    for i in range(len(network.layers) - 1, -1, -1):
        if not network.parameters[i]:
            continue
        (W, b), (dW, db), place = network.parameters[i], gradients[i], next(names)
        weight, bias = ("35", "37") if i == len(network.layers) - 1 else ("39", "40") if i else ("42", "43")

        def along_weights(direction: Array, i: int = i) -> float:
            return witness.along_weights(i, direction)

        def along_bias(direction: Array, i: int = i) -> float:
            return witness.along_bias(i, direction)

        yield Variable(f"layers.{place}.weight", weight, W, dW, objective.evaluate, along_weights)
        yield Variable(f"layers.{place}.bias", bias, b, db, objective.evaluate, along_bias)
    yield Variable("x", "38", x, dx, objective.evaluate, witness.along_input)


def output_variables(objective: Objective, witness: Continuation) -> Iterator[Variable]:
    """z of the output layer: by the fused form, and by the general route through the Jacobian, which it replaces."""
    output, loss = objective.workspace[-1], objective.output_loss
    z, fused = output.z.copy(), output.delta.copy()

    def evaluate() -> tuple[float, Side]:
        return loss.measure(z, objective.y, output.scratch), []  # no kink lies behind z

    is_fused = isinstance(loss, SoftmaxCrossentropy)
    yield Variable("z", "32" if is_fused else "6", z, fused, evaluate, witness.along_output)
    if is_fused and output.a[objective.y > 0].min() > np.finfo(np.float64).tiny:  # or eq. 26 divides by 0
        delta = np.empty_like(fused)
        chained = ChainedOutputLoss("softmax", "categorical_crossentropy")
        chained.output_delta(z, objective.y, output.a, delta, output.scratch)
        yield Variable("z", "6, 14, 20", z, delta, evaluate, witness.along_output)


def compare(variable: Variable, scale: float, rng: np.random.Generator) -> Row:
    """The largest relative errors of a tensor's gradient: |a - n| / max(|a|, |n|, floor).

    Below the floor, an error of `TOLERANCE` would be less than what rounding does to the witness, or to the gradient.
    """
    array, gradient = variable.array, variable.gradient
    directions = choose_directions(gradient, rng)
    moved = np.zeros_like(array)
    by_complex: list[float] = []
    by_differences: list[float] = []
    wanted, set_aside = min(COORDINATES, gradient.size) + 1, 0
    for direction in directions:
        if len(by_differences) == wanted or set_aside == 2 * wanted:
            break
        slope = direction.along(gradient)
        moved[direction.index] = direction.change
        by_complex.append(relative_error(slope, variable.witness(moved), CONDITION * scale))
        moved[direction.index] = 0
        found = central_difference(array, direction, variable.evaluate, TOLERANCE)
        if found is None:
            set_aside += 1
        else:
            by_differences.append(relative_error(slope, found.value, found.uncertainty + CONDITION * scale))
    return Row(
        variable.name,
        variable.equation,
        array.shape,
        len(by_differences),
        set_aside,
        float(np.abs(gradient).max()),
        largest(by_differences) if by_differences else None,
        largest(by_complex),
        CONDITION * scale,
    )


def choose_directions(gradient: Array, rng: np.random.Generator) -> Iterator[Direction]:
    """The direction of the whole tensor, then coordinates: those of the largest gradient, then any, each once."""
    size = gradient.size
    anyhow, norm = rng.normal(0, 1 / np.sqrt(size), gradient.shape), float(np.linalg.norm(gradient))
    yield Direction(..., anyhow + gradient / norm if norm else anyhow)  # or the slope would be nearly 0
    flat = np.abs(gradient).ravel()
    first = min(COORDINATES // 2, size)
    chosen = np.argpartition(flat, size - first)[size - first :]
    others = np.setdiff1d(rng.choice(size, min(size, 4 * COORDINATES), replace=False, shuffle=False), chosen)
    rng.shuffle(others)
    for position in (*chosen, *others):
        yield Direction(tuple(int(i) for i in np.unravel_index(position, gradient.shape)), 1.0)


def relative_error(slope: float, witness: float, uncertainty: float) -> float:
    """|a - n| / max(|a|, |n|, floor), where the floor is that of which `TOLERANCE` is the uncertainty."""
    return abs(slope - witness) / max(abs(slope), abs(witness), uncertainty / TOLERANCE, np.finfo(np.float64).tiny)


def largest(errors: list[float]) -> float:
    """The largest; not a number, if one is none."""
    return float(np.max(errors))
