"""The step that the optimizer takes, against its sums written out; and the engine that trains, against both.

The optimizers of the core are recursions: v := μ v + g. Written out that is v = Σ μ^(t-s) g_s, a sum over all steps so
far, and Adam's m̂ is the mean of the gradients with the weights β₁^(t-s). The two share no state and no correction of
a bias, so that a forgotten factor or a forgotten weight decay tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.core.backprop import backpropagate
from nnfang.core.losses import output_loss
from nnfang.core.network import Network
from nnfang.core.optimizers import Adam, AdamW, Momentum, Optimizer, RmsProp, Sgd
from nnfang.core.randomness import Purpose, generator
from nnfang.engines import Task, choose_engine
from nnfang.training.derivatives import TOLERANCE, largest

if TYPE_CHECKING:
    from nnfang.core.arrays import Array, Labels

OPTIMIZER_STEPS, ENGINE_STEPS = 3, 16
"""Steps that are compared. Of a sum over three, each term that a recursion could forget is seen."""

DIVERGED = 1e6
"""The largest weight, relative to the largest at the beginning, beyond which steps are not compared."""

MOST_ROWS = 32
"""Of a step: larger batches are cut."""

ROUNDING = 8 * float(np.finfo(np.float64).eps)
"""What rounding does to the difference of two θ, relative to the largest weight."""


@dataclass(frozen=True)
class StepRow:
    """How well a step, or several, agree with the equations.

    Attributes:
        name: What was checked: the optimizer's name, or the engine's.
        equation: Of the paper; none where it has none.
        planned: Steps that were to be compared.
        steps: How many were compared; fewer, if training diverges before.
        rows: Images of a step.
        largest: The largest |change| of a weight.
        error: The largest relative error of a change.
    """

    name: str
    equation: str
    planned: int
    steps: int
    rows: int
    largest: float
    error: float

    @property
    def is_right(self) -> bool:
        """Whether the error is at most `TOLERANCE`; what is not a number is not."""
        return self.error <= TOLERANCE


def weighted_sum(vectors: Sequence[Array], decay: float) -> Array:
    """Σ decay^(t-s) v_s over the steps s up to t, the last."""
    weights = decay ** np.arange(len(vectors) - 1, -1, -1.0)
    total: Array = np.sum([w * v for w, v in zip(weights, vectors, strict=True)], axis=0)
    return total


def weighted_mean(vectors: Sequence[Array], decay: float) -> Array:
    """The same, over Σ decay^(t-s)."""
    mean: Array = weighted_sum(vectors, decay) / np.sum(decay ** np.arange(float(len(vectors))))
    return mean


def sgd(o: Sgd, g: Sequence[Array], thetas: Sequence[Array]) -> Array:
    """g + λ θ (eq. 44, 45)."""
    return decayed(o, g, thetas)[-1]


def momentum(o: Momentum, g: Sequence[Array], thetas: Sequence[Array]) -> Array:
    """v = Σ μ^(t-s) g_s; with Nesterov's, g + μ v."""
    all_g = decayed(o, g, thetas)
    v = weighted_sum(all_g, o.momentum)
    return all_g[-1] + o.momentum * v if o.nesterov else v


def rmsprop(o: RmsProp, g: Sequence[Array], thetas: Sequence[Array]) -> Array:
    """g / (√v + ε), v = (1 - ρ) Σ ρ^(t-s) g_s²."""
    all_g = decayed(o, g, thetas)
    v = (1 - o.decay) * weighted_sum([g**2 for g in all_g], o.decay)
    direction: Array = all_g[-1] / (np.sqrt(v) + o.epsilon)
    return direction


def adam(o: Adam, g: Sequence[Array], thetas: Sequence[Array]) -> Array:
    """m̂ / (√v̂ + ε), both of them weighted means."""
    return normalized(o, decayed(o, g, thetas))


def adamw(o: AdamW, g: Sequence[Array], thetas: Sequence[Array]) -> Array:
    """Adam's direction of the bare gradient, + λ θ."""
    return normalized(o, g) + o.weight_decay * thetas[-1]


def normalized(o: Adam, g: Sequence[Array]) -> Array:
    """m̂ / (√v̂ + ε)."""
    v_hat = weighted_mean([g**2 for g in g], o.beta2)
    direction: Array = weighted_mean(g, o.beta1) / (np.sqrt(v_hat) + o.epsilon)
    return direction


def decayed(o: Optimizer, g: Sequence[Array], thetas: Sequence[Array]) -> list[Array]:
    """The gradients of L + λ/2 ‖θ‖²."""
    return [gradient + o.weight_decay * theta for gradient, theta in zip(g, thetas, strict=True)]


WRITTEN_OUT: dict[type[Optimizer], Callable[[Any, Sequence[Array], Sequence[Array]], Array]] = {
    Sgd: sgd,
    Momentum: momentum,
    RmsProp: rmsprop,
    Adam: adam,
    AdamW: adamw,
}
"""The direction of step t, which times α is subtracted from θ: of dL/dθ and of θ at each step so far."""


@dataclass(frozen=True)
class Batches:
    """Consecutive batches of images, and where training begins.

    Attributes:
        network: In float64; it is left as it is.
        loss: Name of the loss.
        x: (images, inputs), in float64, of as many images as all steps need.
        labels: (images,).
        size: Images of a step.
        seed: Of the dropout masks.
    """

    network: Network
    loss: str
    x: Array
    labels: Labels
    size: int
    seed: int

    def copy(self) -> Network:
        """A network that may be trained."""
        return Network(self.network.layers, self.network.inputs, self.network.theta.copy())

    def gradient(self, network: Network, step: int) -> Array:
        """dL/dθ of a batch, by the equations, with the dropout masks that an engine draws for that step."""
        part = slice(step * self.size, (step + 1) * self.size)
        x, y, gradient = self.x[part], np.eye(network.outputs)[self.labels[part]], np.empty_like(network.theta)
        loss = output_loss(network.output_activation, self.loss)
        rng = generator(self.seed, Purpose.DROPOUT, step)
        backpropagate(network, loss, x, y, network.views(gradient), network.allocate(len(x)), rng)
        return gradient


def check_optimizer(batches: Batches, optimizer: Optimizer, name: str) -> StepRow:
    """The optimizer's updates against the sums written out, each from the same θ and with the same gradients."""
    network, rate = batches.copy(), optimizer.learning_rate
    theta = network.theta
    state = {vector: np.zeros_like(theta) for vector in optimizer.state_names}
    gradients: list[Array] = []
    thetas: list[Array] = []
    errors, changes = [0.0], [0.0]
    with np.errstate(all="ignore"):  # what overflows is not compared
        for step in range(OPTIMIZER_STEPS):
            gradients.append(batches.gradient(network, step))
            thetas.append(theta.copy())
            change = rate * WRITTEN_OUT[type(optimizer)](optimizer, gradients, thetas)
            if not is_bounded(change, batches):
                break
            optimizer.update(theta, gradients[-1], state, rate, step + 1)
            found = thetas[-1] - theta
            floor = ROUNDING / TOLERANCE * max(float(np.abs(thetas[-1]).max()), float(np.abs(change).max()))
            ratio = np.abs(found - change) / np.maximum(np.maximum(np.abs(found), np.abs(change)), floor)
            errors.append(float(ratio.max()))
            changes.append(float(np.abs(change).max()))
    equation = "44, 45" if isinstance(optimizer, Sgd) else ""
    return StepRow(name, equation, OPTIMIZER_STEPS, len(errors) - 1, batches.size, max(changes), largest(errors))


def check_engine(
    batches: Batches,
    optimizer: Optimizer,
    rate: Callable[[int], float],
    engine_name: str,
    tell: Callable[[str], None] | None = None,
) -> StepRow:
    """The engine that trains, in float64, against the core's backward pass and update, step after step.

    The error is that of the change of all weights: ‖θ - θ'‖ / ‖θ' - θ₀‖. Of a single weight it says little, since where
    a gradient vanishes but for rounding, Adam's direction is rounding too.

    Raises:
        FieldError: The engine that the recipe names cannot run it.
    """
    trained, start = batches.copy(), batches.network.theta
    density = float(np.count_nonzero(batches.x) / batches.x.size)
    task = Task(trained, batches.loss, optimizer, rate, batches.size, batches.seed, density=density)
    engine = choose_engine(engine_name, task)
    if tell and engine.compile_message:
        tell(engine.compile_message)
    engine.prepare()
    theta, taken = train_plainly(batches, optimizer, rate)
    images = taken * batches.size
    engine.advance(batches.x[:images], batches.labels[:images])
    floor = ROUNDING / TOLERANCE * float(np.linalg.norm(start))
    error = float(np.linalg.norm(trained.theta - theta)) / max(float(np.linalg.norm(theta - start)), floor)
    change = float(np.abs(theta - start).max())
    return StepRow(engine.name, "", ENGINE_STEPS, taken, batches.size, change, error)


def train_plainly(batches: Batches, optimizer: Optimizer, rate: Callable[[int], float]) -> tuple[Array, int]:
    """θ after as many steps of the plain equations as do not diverge, and how many these are."""
    plain, taken = batches.copy(), 0
    theta = plain.theta.copy()
    state = {vector: np.zeros_like(theta) for vector in optimizer.state_names}
    with np.errstate(all="ignore"):
        for step in range(ENGINE_STEPS):
            optimizer.update(plain.theta, batches.gradient(plain, step), state, rate(step), step + 1)
            if not is_bounded(plain.theta, batches):
                break
            theta, taken = plain.theta.copy(), step + 1
    return theta, taken


def is_bounded(vector: Array, batches: Batches) -> bool:
    """Whether training has not diverged, so that two ways of rounding still lead to the same weights."""
    return bool(np.abs(vector).max() <= DIVERGED * np.abs(batches.network.theta).max())
