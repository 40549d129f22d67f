"""Optimizers: how the gradient changes θ. Each works on the whole flat vector, in place.

An optimizer is a frozen set of hyper-parameters; the vectors that it keeps between steps are the caller's, named in
`state_names` and all zero before the first step. `learning_rate` arrives at each step: a schedule may change it.
g is the gradient, α the learning rate, λ the weight decay, t the step counted from 1.

Every pass over θ counts where batches are small. The gradient is linear in the few numbers with which the backward
process begins; so an optimizer names the factor s by which it wants its gradient multiplied, and `update` takes s g.

Weight decay acts on all of θ, biases included, as in PyTorch. For all but adamw it is the gradient of λ/2 ‖θ‖², that is
g := g + λ θ.
"""

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, Protocol

import numpy as np

from nnfang.core.arrays import Array
from nnfang.core.constraints import Fraction, NonNegative, Positive, check_fields

State = dict[str, Array]
"""The vectors that an optimizer keeps, each of the size of θ, by name."""


class Optimizer(Protocol):
    """What a training step asks of an optimizer."""

    state_names: ClassVar[tuple[str, ...]]

    @property
    def learning_rate(self) -> float:
        """α before any schedule."""

    @property
    def weight_decay(self) -> float:
        """λ."""

    def factor(self, learning_rate: float) -> float:
        """s, the factor of the gradient that `update` takes."""

    def update(self, theta: Array, sg: Array, state: State, learning_rate: float, t: int, work: Array) -> None:
        """Change θ (size,) and the state in place. sg = s g and `work` (size,) are overwritten.

        Each parameter is changed by its own gradient and state alone, so θ may as well be updated part by part.
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

    def factor(self, learning_rate: float) -> float:
        """s = α."""
        return learning_rate

    def update(self, theta: Array, sg: Array, state: State, learning_rate: float, t: int, work: Array) -> None:
        """One step of eq. 44 and 45 on all layers at once."""
        add_weight_decay(theta, sg, learning_rate * self.weight_decay, work)
        theta -= sg


@dataclass(frozen=True)
class Momentum:
    """v := μ v + g;  θ := θ - α v.  With `nesterov`, θ := θ - α (g + μ v).

    Source: Polyak 1964; Sutskever et al. 2013 in the form that PyTorch and optax use, where α stands outside v.

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

    def factor(self, learning_rate: float) -> float:
        """s = 1."""
        return 1.0

    def update(self, theta: Array, sg: Array, state: State, learning_rate: float, t: int, work: Array) -> None:
        """One step."""
        add_weight_decay(theta, sg, self.weight_decay, work)
        v = state["velocity"]
        v *= self.momentum
        v += sg
        if self.nesterov:
            np.multiply(v, self.momentum, out=work)
            sg += work
            sg *= learning_rate
            theta -= sg
        else:
            np.multiply(v, learning_rate, out=work)
            theta -= work


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

    def factor(self, learning_rate: float) -> float:
        """s = √(1 - ρ), so that (s g)² is what v takes of g²."""
        return sqrt(1 - self.decay)

    def update(self, theta: Array, sg: Array, state: State, learning_rate: float, t: int, work: Array) -> None:
        """One step."""
        s, v = sqrt(1 - self.decay), state["mean_square"]
        add_weight_decay(theta, sg, s * self.weight_decay, work)
        np.multiply(sg, sg, out=work)
        v *= self.decay
        v += work
        np.sqrt(v, out=work)
        work += self.epsilon
        sg /= work
        sg *= learning_rate / s
        theta -= sg


@dataclass(frozen=True)
class Adam:
    """m := β₁ m + (1 - β₁) g;  v := β₂ v + (1 - β₂) g²;  θ := θ - α m̂ / (√v̂ + ε).

    m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) take out the bias towards the zeros at the start.
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

    def factor(self, learning_rate: float) -> float:
        """s = √(1 - β₂), so that (s g)² is what v takes of g²."""
        return sqrt(1 - self.beta2)

    def update(self, theta: Array, sg: Array, state: State, learning_rate: float, t: int, work: Array) -> None:
        """One step."""
        add_weight_decay(theta, sg, sqrt(1 - self.beta2) * self.weight_decay, work)
        self.adapt(theta, sg, state, learning_rate, t, work)

    def adapt(self, theta: Array, sg: Array, state: State, learning_rate: float, t: int, work: Array) -> None:
        """The step without weight decay.

        With c = √(1 - β₂ᵗ), α m̂ / (√v̂ + ε) is (α c / (1 - β₁ᵗ)) m / (√v + c ε).
        """
        m, v, c = state["mean"], state["mean_square"], sqrt(1 - self.beta2**t)
        np.multiply(sg, (1 - self.beta1) / sqrt(1 - self.beta2), out=work)
        m *= self.beta1
        m += work
        sg *= sg
        v *= self.beta2
        v += sg
        np.sqrt(v, out=work)
        work += c * self.epsilon
        np.divide(m, work, out=work)
        work *= learning_rate * c / (1 - self.beta1**t)
        theta -= work


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with weight decay that does not pass through m and v: θ := θ - α (m̂ / (√v̂ + ε) + λ θ).

    Source: Loshchilov and Hutter 2019, Algorithm 2, with λ multiplied by α as in PyTorch.
    """

    weight_decay: NonNegative = 0.01

    def update(self, theta: Array, sg: Array, state: State, learning_rate: float, t: int, work: Array) -> None:
        """One step."""
        theta *= 1 - learning_rate * self.weight_decay
        self.adapt(theta, sg, state, learning_rate, t, work)


def add_weight_decay(theta: Array, sg: Array, weight_decay: float, work: Array) -> None:
    """s g := s g + s λ θ, in place; `weight_decay` is s λ."""
    if weight_decay:
        np.multiply(theta, weight_decay, out=work)
        sg += work


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": Sgd,
    "momentum": Momentum,
    "rmsprop": RmsProp,
    "adam": Adam,
    "adamw": AdamW,
}
