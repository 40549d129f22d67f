"""Optimizers: how the gradient changes θ.

An optimizer is a frozen set of hyper-parameters. `update` works on flat vectors, in place, and allocates what it needs;
the engines have faster versions of the same formulas (`nnfang.engines.updates`).

g is dL/dθ, α the learning rate, λ the weight decay, and t the number of the step, counted from 1. Weight decay acts on
all of θ, biases included, as in PyTorch. In all but adamw it is the gradient of λ/2 ‖θ‖²: g := g + λ θ.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from nnfang.core.arrays import Array
from nnfang.core.constraints import Fraction, NonNegative, Positive, check_fields

State = dict[str, Array]
"""The vectors that an optimizer keeps between steps, by name, each of the size of θ and all zero before the first."""

NEGLIGIBLE = 1e-30
"""Where gradients fade, as for a pixel that is no longer lit, a running mean sinks below 1e-38, the smallest normal
number of 32 bits, and processors take a hundred times as long for what lies there. So the engines add this to running
means and subtract it again, which rounds them to multiples of about 1e-37: no weight takes notice."""


class Optimizer(Protocol):
    """What training needs of an optimizer."""

    state_names: ClassVar[tuple[str, ...]]
    """The vectors of its state."""

    @property
    def learning_rate(self) -> float:
        """α before any schedule."""

    @property
    def weight_decay(self) -> float:
        """λ."""

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, t: int) -> None:
        """Take step t: change θ (size,) and the state in place, and leave the gradient as it is.

        A parameter's update depends on its own gradient and state alone, so that slices of θ may be updated in turn.
        """


@dataclass(frozen=True)
class Sgd:
    """θ := θ - α g (eq. 44, 45).

    Attributes:
        learning_rate: α, the size of a step, before any schedule.
        weight_decay: λ, by which θ is pulled towards 0.
    """

    state_names: ClassVar[tuple[str, ...]] = ()

    learning_rate: Positive = 0.01
    weight_decay: NonNegative = 0.0

    def __post_init__(self) -> None:
        check_fields(self)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, t: int) -> None:
        """Take step t: eq. 44 and 45 for all layers at once."""
        g = gradient + self.weight_decay * theta
        theta -= learning_rate * g


@dataclass(frozen=True)
class Momentum:
    """v := μ v + g;  θ := θ - α v.  With `nesterov`, θ := θ - α (g + μ v).

    Source: Polyak 1964; Sutskever et al. 2013 in the form of PyTorch and optax, where α stands outside v.

    Attributes:
        learning_rate: α, the size of a step, before any schedule.
        momentum: μ, the fraction of the velocity v that is kept at each step.
        nesterov: Whether the step looks ahead along the velocity (Nesterov's accelerated gradient).
        weight_decay: λ, by which θ is pulled towards 0.
    """

    state_names: ClassVar[tuple[str, ...]] = ("velocity",)

    learning_rate: Positive = 0.01
    momentum: Fraction = 0.9
    nesterov: bool = False
    weight_decay: NonNegative = 0.0

    def __post_init__(self) -> None:
        check_fields(self)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, t: int) -> None:
        """Take step t."""
        g, v = gradient + self.weight_decay * theta, state["velocity"]
        v[...] = self.momentum * v + g
        theta -= learning_rate * (g + self.momentum * v if self.nesterov else v)


@dataclass(frozen=True)
class RmsProp:
    """v := ρ v + (1 - ρ) g²;  θ := θ - α g / (√v + ε).  Source: Tieleman and Hinton 2012, lecture 6.5.

    Attributes:
        learning_rate: α, the size of a step, before any schedule.
        decay: ρ, the decay rate of v, the moving average of the squared gradient.
        epsilon: ε, which keeps the divisor away from 0.
        weight_decay: λ, by which θ is pulled towards 0.
    """

    state_names: ClassVar[tuple[str, ...]] = ("mean_square",)

    learning_rate: Positive = 0.001
    decay: Fraction = 0.9
    epsilon: Positive = 1e-8
    weight_decay: NonNegative = 0.0

    def __post_init__(self) -> None:
        check_fields(self)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, t: int) -> None:
        """Take step t."""
        g, v = gradient + self.weight_decay * theta, state["mean_square"]
        v[...] = self.decay * v + (1 - self.decay) * g**2
        theta -= learning_rate * g / (np.sqrt(v) + self.epsilon)


@dataclass(frozen=True)
class Adam:
    """m := β₁ m + (1 - β₁) g;  v := β₂ v + (1 - β₂) g²;  θ := θ - α m̂ / (√v̂ + ε).

    m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) correct the bias towards the zeros at the start.
    Source: Kingma and Ba 2015, Algorithm 1.

    Attributes:
        learning_rate: α, the size of a step, before any schedule.
        beta1: β₁, the decay rate of m, the moving average of the gradient.
        beta2: β₂, the decay rate of v, the moving average of the squared gradient.
        epsilon: ε, which keeps the divisor away from 0.
        weight_decay: λ, by which θ is pulled towards 0.
    """

    state_names: ClassVar[tuple[str, ...]] = ("mean", "mean_square")

    learning_rate: Positive = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Positive = 1e-8
    weight_decay: NonNegative = 0.0

    def __post_init__(self) -> None:
        check_fields(self)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, t: int) -> None:
        """Take step t."""
        g = gradient + self.weight_decay * theta
        theta -= learning_rate * self.direction(g, state, t)

    def direction(self, g: Array, state: State, t: int) -> Array:
        """m̂ / (√v̂ + ε), with m and v brought up to step t."""
        m, v = state["mean"], state["mean_square"]
        m[...] = self.beta1 * m + (1 - self.beta1) * g
        v[...] = self.beta2 * v + (1 - self.beta2) * g**2
        m_hat, v_hat = m / (1 - self.beta1**t), v / (1 - self.beta2**t)
        direction: Array = m_hat / (np.sqrt(v_hat) + self.epsilon)
        return direction


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with weight decay that does not pass through m and v: θ := θ - α (m̂ / (√v̂ + ε) + λ θ).

    Source: Loshchilov and Hutter 2019, Algorithm 2, with λ multiplied by α as in PyTorch.
    """

    weight_decay: NonNegative = 0.01

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, t: int) -> None:
        """Take step t."""
        theta -= learning_rate * (self.direction(gradient, state, t) + self.weight_decay * theta)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": Sgd,
    "momentum": Momentum,
    "rmsprop": RmsProp,
    "adam": Adam,
    "adamw": AdamW,
}
