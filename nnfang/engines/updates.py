"""The updates of `nnfang.core.optimizers`, with fewer passes over θ and without allocation.

The backward pass is linear in the output layer's delta. Scaling that, a few numbers, scales the gradient for free; so
each update names the scale s at which it needs the gradient, and takes s g. In exact arithmetic every update here is
the textbook's; a test compares them.
"""

from collections.abc import Callable
from math import sqrt
from typing import Any, Protocol

import numpy as np

from nnfang.core.arrays import Array
from nnfang.core.optimizers import NEGLIGIBLE, Adam, AdamW, Momentum, Optimizer, RmsProp, Sgd, State

STEPS_BETWEEN = 16
"""Steps in which a multiple of 1e-37 that shrinks by 0.9 each time stays a normal number."""


class Update(Protocol):
    """One optimizer's update."""

    def gradient_scale(self, learning_rate: float) -> float:
        """The s of step t, whose learning rate is given."""

    def apply(
        self, theta: Array, scaled_gradient: Array, state: State, learning_rate: float, t: int, scratch: Array
    ) -> None:
        """Take step t: change θ (size,) and the state in place. s g and `scratch` (size,) are overwritten."""


class SgdUpdate:
    """s = α:  θ := θ - α g."""

    def __init__(self, optimizer: Sgd) -> None:
        self.weight_decay = optimizer.weight_decay

    def gradient_scale(self, learning_rate: float) -> float:
        """s = α."""
        return learning_rate

    def apply(
        self, theta: Array, scaled_gradient: Array, state: State, learning_rate: float, t: int, scratch: Array
    ) -> None:
        """Eq. 44 and 45 for all layers at once."""
        add_weight_decay(theta, scaled_gradient, learning_rate * self.weight_decay, scratch)
        theta -= scaled_gradient


class MomentumUpdate:
    """s = 1."""

    def __init__(self, optimizer: Momentum) -> None:
        self.optimizer = optimizer

    def gradient_scale(self, learning_rate: float) -> float:
        """s = 1."""
        return 1.0

    def apply(
        self, theta: Array, scaled_gradient: Array, state: State, learning_rate: float, t: int, scratch: Array
    ) -> None:
        """v := μ v + g, then θ := θ - α v or θ := θ - α (g + μ v)."""
        momentum, v = self.optimizer.momentum, state["velocity"]
        add_weight_decay(theta, scaled_gradient, self.optimizer.weight_decay, scratch)
        v *= momentum
        v += scaled_gradient
        settle(v, t)
        if self.optimizer.nesterov:
            np.multiply(v, momentum, out=scratch)
            scaled_gradient += scratch
            scaled_gradient *= learning_rate
            theta -= scaled_gradient
        else:
            np.multiply(v, learning_rate, out=scratch)
            theta -= scratch


class RmsPropUpdate:
    """s = √(1 - ρ), so that (s g)² is the term (1 - ρ) g² of v."""

    def __init__(self, optimizer: RmsProp) -> None:
        self.optimizer = optimizer
        self.scale = sqrt(1 - optimizer.decay)

    def gradient_scale(self, learning_rate: float) -> float:
        """s = √(1 - ρ)."""
        return self.scale

    def apply(
        self, theta: Array, scaled_gradient: Array, state: State, learning_rate: float, t: int, scratch: Array
    ) -> None:
        """v := ρ v + (s g)², then θ := θ - (α / s) s g / (√v + ε)."""
        v = state["mean_square"]
        add_weight_decay(theta, scaled_gradient, self.scale * self.optimizer.weight_decay, scratch)
        np.multiply(scaled_gradient, scaled_gradient, out=scratch)
        v *= self.optimizer.decay
        v += scratch
        settle(v, t)
        np.sqrt(v, out=scratch)
        scratch += self.optimizer.epsilon
        scaled_gradient /= scratch
        scaled_gradient *= learning_rate / self.scale
        theta -= scaled_gradient


class AdamUpdate:
    """s = √(1 - β₂), so that (s g)² is the term (1 - β₂) g² of v."""

    def __init__(self, optimizer: Adam) -> None:
        self.optimizer = optimizer
        self.scale = sqrt(1 - optimizer.beta2)

    def gradient_scale(self, learning_rate: float) -> float:
        """s = √(1 - β₂)."""
        return self.scale

    def apply(
        self, theta: Array, scaled_gradient: Array, state: State, learning_rate: float, t: int, scratch: Array
    ) -> None:
        """With c = √(1 - β₂ᵗ), α m̂ / (√v̂ + ε) is (α c / (1 - β₁ᵗ)) m / (√v + c ε)."""
        self.decay(theta, scaled_gradient, learning_rate, scratch)
        beta1, beta2 = self.optimizer.beta1, self.optimizer.beta2
        m, v, c = state["mean"], state["mean_square"], sqrt(1 - beta2**t)
        np.multiply(scaled_gradient, (1 - beta1) / self.scale, out=scratch)
        m *= beta1
        m += scratch
        scaled_gradient *= scaled_gradient
        v *= beta2
        v += scaled_gradient
        settle(m, t)
        settle(v, t)
        np.sqrt(v, out=scratch)
        scratch += c * self.optimizer.epsilon
        np.divide(m, scratch, out=scratch)
        scratch *= learning_rate * c / (1 - beta1**t)
        theta -= scratch

    def decay(self, theta: Array, scaled_gradient: Array, learning_rate: float, scratch: Array) -> None:
        """s g := s g + s λ θ."""
        add_weight_decay(theta, scaled_gradient, self.scale * self.optimizer.weight_decay, scratch)


class AdamWUpdate(AdamUpdate):
    """Adam's, but for the weight decay."""

    def decay(self, theta: Array, scaled_gradient: Array, learning_rate: float, scratch: Array) -> None:
        """θ := θ - α λ θ."""
        theta *= 1 - learning_rate * self.optimizer.weight_decay


class TextbookUpdate:
    """The optimizer's own update: s = 1."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer

    def gradient_scale(self, learning_rate: float) -> float:
        """s = 1."""
        return 1.0

    def apply(
        self, theta: Array, scaled_gradient: Array, state: State, learning_rate: float, t: int, scratch: Array
    ) -> None:
        """See `Optimizer.update`."""
        self.optimizer.update(theta, scaled_gradient, state, learning_rate, t)


def settle(mean: Array, t: int) -> None:
    """Rid a running mean of what is next to nothing, see `NEGLIGIBLE`, once in a few steps."""
    if t % STEPS_BETWEEN == 0:
        mean += NEGLIGIBLE
        mean -= NEGLIGIBLE


def add_weight_decay(theta: Array, scaled_gradient: Array, scaled_decay: float, scratch: Array) -> None:
    """s g := s g + s λ θ, in place; `scaled_decay` is s λ."""
    if scaled_decay:
        np.multiply(theta, scaled_decay, out=scratch)
        scaled_gradient += scratch


UPDATES: dict[type[Optimizer], Callable[[Any], Update]] = {
    Sgd: SgdUpdate,
    Momentum: MomentumUpdate,
    RmsProp: RmsPropUpdate,
    Adam: AdamUpdate,
    AdamW: AdamWUpdate,
}
"""The fast update of each kind of optimizer that has one."""


def update_for(optimizer: Optimizer) -> Update:
    """The fast update of `optimizer`, otherwise its own."""
    return UPDATES.get(type(optimizer), TextbookUpdate)(optimizer)
