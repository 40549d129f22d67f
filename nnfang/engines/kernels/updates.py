"""The updates of `nnfang.core.optimizers`, for a few parameters whose gradient is in registers.

The gradient of a weight is complete where its sum over the mini-batch ends. It is used there, and never stored.

Each named tuple below holds an optimizer's arrays, all of one layout, and its constants in their dtype. Its class is a
type to numba, so that `update` is compiled for one optimizer at a time.
"""

from typing import Any, NamedTuple

from numba.extending import overload

from nnfang.core.arrays import Array
from nnfang.core.optimizers import NEGLIGIBLE
from nnfang.engines.kernels.compilation import PART, function, part
from nnfang.engines.kernels.vectors import LANES, fill, halves, load, multiply_add, square_root, store

RATE, FIRST_CORRECTION, SECOND_CORRECTION = range(3)
"""Places in `rate`, of one step: α, 1/(1 - β₁ᵗ), 1/(1 - β₂ᵗ)."""


class Sgd(NamedTuple):
    """θ := θ - α g (eq. 44, 45): linear, so that the samples of a mini-batch may be added in turn."""

    theta: Array


class DecayingSgd(NamedTuple):
    """θ := θ - α (g + λ θ)."""

    theta: Array
    decay: float


class Momentum(NamedTuple):
    """v := μ v + g; θ := θ - α v."""

    theta: Array
    velocity: Array
    decay: float
    momentum: float


class Nesterov(NamedTuple):
    """v := μ v + g; θ := θ - α (g + μ v)."""

    theta: Array
    velocity: Array
    decay: float
    momentum: float


class RmsProp(NamedTuple):
    """v := ρ v + (1 - ρ) g²; θ := θ - α g / (√v + ε)."""

    theta: Array
    mean_square: Array
    decay: float
    keep: float
    take: float
    epsilon: float


class Adam(NamedTuple):
    """m := β₁ m + (1 - β₁) g; v := β₂ v + (1 - β₂) g²; θ := θ - α m̂ / (√v̂ + ε)."""

    theta: Array
    mean: Array
    mean_square: Array
    decay: float
    keep_mean: float
    take_mean: float
    keep_square: float
    take_square: float
    epsilon: float


class AdamW(NamedTuple):
    """θ := θ - α (m̂ / (√v̂ + ε) + λ θ)."""

    theta: Array
    mean: Array
    mean_square: Array
    decay: float
    keep_mean: float
    take_mean: float
    keep_square: float
    take_square: float
    epsilon: float


def update(of: Any, g: Any, at: int, rate: Array) -> None:
    """Take a step with the parameters ``of.theta.flat[at:]``, as many as `g` has.

    Args:
        of: The optimizer, with its arrays.
        g: The gradient of these parameters, a vector.
        at: Where they begin.
        rate: See `RATE`.
    """
    raise NotImplementedError("is compiled")


@part
def settle(v):
    """v without what is next to nothing, see `NEGLIGIBLE`."""
    much = fill(NEGLIGIBLE, v)
    return (v + much) - much


def _sgd(of, g, at, rate):
    store(multiply_add(-rate[RATE], g, load(of.theta, at, g)), of.theta, at)


def _decaying_sgd(of, g, at, rate):
    w = load(of.theta, at, g)
    store(multiply_add(-rate[RATE], multiply_add(of.decay, w, g), w), of.theta, at)


def _momentum(of, g, at, rate):
    w = load(of.theta, at, g)
    v = settle(multiply_add(of.momentum, load(of.velocity, at, g), multiply_add(of.decay, w, g)))
    store(v, of.velocity, at)
    store(multiply_add(-rate[RATE], v, w), of.theta, at)


def _nesterov(of, g, at, rate):
    w = load(of.theta, at, g)
    g = multiply_add(of.decay, w, g)
    v = settle(multiply_add(of.momentum, load(of.velocity, at, g), g))
    store(v, of.velocity, at)
    store(multiply_add(-rate[RATE], multiply_add(of.momentum, v, g), w), of.theta, at)


def _rmsprop(of, g, at, rate):
    w = load(of.theta, at, g)
    g = multiply_add(of.decay, w, g)
    v = settle(multiply_add(of.keep, load(of.mean_square, at, g), fill(of.take, g) * (g * g)))
    store(v, of.mean_square, at)
    store(multiply_add(-rate[RATE], g / (square_root(v) + fill(of.epsilon, g)), w), of.theta, at)


def _adam(of, g, at, rate):
    w = load(of.theta, at, g)
    g = multiply_add(of.decay, w, g)
    m = settle(multiply_add(of.keep_mean, load(of.mean, at, g), fill(of.take_mean, g) * g))
    v = settle(multiply_add(of.keep_square, load(of.mean_square, at, g), fill(of.take_square, g) * (g * g)))
    store(m, of.mean, at)
    store(v, of.mean_square, at)
    root = square_root(v * fill(rate[SECOND_CORRECTION], g)) + fill(of.epsilon, g)
    store(multiply_add(-rate[RATE] * rate[FIRST_CORRECTION], m / root, w), of.theta, at)


def _adamw(of, g, at, rate):
    w = load(of.theta, at, g)
    m = settle(multiply_add(of.keep_mean, load(of.mean, at, g), fill(of.take_mean, g) * g))
    v = settle(multiply_add(of.keep_square, load(of.mean_square, at, g), fill(of.take_square, g) * (g * g)))
    store(m, of.mean, at)
    store(v, of.mean_square, at)
    root = square_root(v * fill(rate[SECOND_CORRECTION], g)) + fill(of.epsilon, g)
    direction = multiply_add(of.decay, w, (m * fill(rate[FIRST_CORRECTION], g)) / root)
    store(multiply_add(-rate[RATE], direction, w), of.theta, at)


COMPILED = {
    kind: function(step)
    for kind, step in (
        (DecayingSgd, _decaying_sgd),
        (Momentum, _momentum),
        (Nesterov, _nesterov),
        (RmsProp, _rmsprop),
        (Adam, _adam),
        (AdamW, _adamw),
    )
}
"""A function each, for 16 parameters: compiled into every place, they would take longer to compile than they save."""


@overload(update, strict=False, jit_options=PART)
def _inline(of, g, at, rate):
    if of.instance_class is Sgd:
        return _sgd
    if g.width == LANES:
        step = COMPILED[of.instance_class]

        def by_function(of, g, at, rate):
            step(of, g, at, rate)

        return by_function
    width = g.width // 2

    def by_halves(of, g, at, rate):
        first, second = halves(g)
        update(of, first, at, rate)
        update(of, second, at + width, rate)

    return by_halves
