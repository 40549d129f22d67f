"""The contenders that nnfang is measured against: the paper's network and plain SGD (or Adam) in each of them.

Each makes a function that trains once through all images, in their order, and leaves the network where it ended. It is
given bytes, and whatever it makes of them before it begins to train costs it no time.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from shutil import which
from statistics import median
from typing import Any

import numpy as np

from benchmarks.images import as_floats
from nnfang.core.arrays import Array, Images, Labels
from nnfang.machine.description import find_version

WIDTHS = (784, 128, 64, 10)
RATE = 0.01
Run = Callable[[], object]


def first_weights(widths: tuple[int, ...] = WIDTHS) -> list[tuple[Array, Array]]:
    """W (units, inputs) and b of each layer: the same for all."""
    rng = np.random.default_rng(0)
    shapes = zip(widths[1:], widths[:-1], strict=True)
    return [
        (((6 / sum(shape)) ** 0.5 * rng.uniform(-1, 1, shape)).astype(np.float32), np.zeros(shape[0], np.float32))
        for shape in shapes
    ]


def naive(pixels: Images, labels: Labels, batch_size: int, optimizer: str) -> Run | None:
    """The paper's three algorithms as they are printed (but for the order of updates), a sample at a time."""
    if batch_size > 1 or optimizer != "sgd":
        return None
    layers, x = first_weights(), as_floats(pixels)
    y = np.eye(WIDTHS[-1], dtype=np.float32)[labels]

    def run() -> None:
        for sample, truth in zip(x, y, strict=True):
            activations, zs = [sample], []
            for W, b in layers:
                zs.append(W @ activations[-1] + b)
                activations.append(np.maximum(zs[-1], 0))
            exponentials = np.exp(zs[-1] - zs[-1].max())
            delta = exponentials / exponentials.sum() - truth
            for i in range(len(layers) - 1, -1, -1):
                W, b = layers[i]
                before = (W.T @ delta) * (zs[i - 1] > 0) if i else None
                W -= np.float32(RATE) * np.outer(delta, activations[i])
                b -= np.float32(RATE) * delta
                delta = before

    return run


def jax(pixels: Images, labels: Labels, batch_size: int, optimizer: str, widths: tuple[int, ...] = WIDTHS) -> Run:
    """A whole epoch as one compiled function.

    It is written with either order of the weights, and given floats, or bytes that it makes floats of, a batch at a
    time; the fastest of the four is taken.
    """
    from nnfang.machine.timing import take_turns

    ways = [(transposed, x) for transposed in (False, True) for x in (pixels, as_floats(pixels))]
    runs = {k: _jax(x, labels, batch_size, optimizer, widths, way) for k, (way, x) in enumerate(ways)}
    seconds = take_turns(runs, 3)
    return runs[min(runs, key=lambda k: median(seconds[k]))]


def _jax(x: Images, labels: Labels, batch_size: int, optimizer: str, widths: tuple[int, ...], transposed: bool) -> Run:
    import jax.numpy as jnp
    import optax
    from jax import jit, lax, nn, tree, value_and_grad

    def mean_loss(parameters: Any, images: Any, truths: Any) -> Any:
        if images.dtype == jnp.uint8:
            images = images.astype(jnp.float32) * (1 / 255)
        for i, (W, b) in enumerate(parameters):
            z = (images @ W if transposed else images @ W.T) + b
            images = jnp.maximum(z, 0) if i < len(parameters) - 1 else z
        if batch_size == 1:
            return nn.logsumexp(images) - images[truths]
        return -jnp.mean(jnp.take_along_axis(nn.log_softmax(images), truths[:, None], 1))

    rule: Any = optax.adam(0.001) if optimizer == "adam" else optax.sgd(RATE, 0.9 if optimizer == "momentum" else None)

    def step(carry: Any, batch: Any) -> Any:
        parameters, state = carry
        loss, gradient = value_and_grad(mean_loss)(parameters, *batch)
        if optimizer == "sgd":
            return (tree.map(lambda p, g: p - RATE * g, parameters, gradient), state), loss
        change, state = rule.update(gradient, state, parameters)
        return (optax.apply_updates(parameters, change), state), loss

    steps = len(x) // batch_size
    shape = () if batch_size == 1 else (batch_size,)
    images = jnp.asarray(x[: steps * batch_size].reshape(steps, *shape, -1))
    truths = jnp.asarray(labels[: steps * batch_size].reshape(steps, *shape))
    parameters = [(jnp.asarray(W.T if transposed else W), jnp.asarray(b)) for W, b in first_weights(widths)]
    epoch = jit(lambda carry, images, truths: lax.scan(step, carry, (images, truths)), donate_argnums=0)
    carry = [(parameters, rule.init(parameters))]

    def run() -> None:
        carry[0], losses = epoch(carry[0], images, truths)
        losses.block_until_ready()

    return run


def torch(pixels: Images, labels: Labels, batch_size: int, optimizer: str) -> Run:
    """Eager, the loop as in its tutorial."""
    return _torch(pixels, labels, batch_size, optimizer, is_compiled=False)


def torch_compiled(pixels: Images, labels: Labels, batch_size: int, optimizer: str) -> Run | None:
    """The forward and the backward pass by `torch.compile`, which needs a compiler for C++."""
    return _torch(pixels, labels, batch_size, optimizer, is_compiled=True) if which("g++") else None


def _torch(pixels: Images, labels: Labels, batch_size: int, optimizer: str, *, is_compiled: bool) -> Run:
    import torch as t

    t.set_num_threads(1)
    x = as_floats(pixels)
    model = t.nn.Sequential(
        *(t.nn.Linear(784, 128), t.nn.ReLU(), t.nn.Linear(128, 64), t.nn.ReLU(), t.nn.Linear(64, 10))
    )
    criterion, parameters = t.nn.CrossEntropyLoss(), model.parameters()

    def measure(a: t.Tensor, y: t.Tensor) -> t.Tensor:
        loss: t.Tensor = criterion(model(a), y)
        return loss

    loss_of = t.compile(measure) if is_compiled else measure
    rule: Any = (
        t.optim.Adam(parameters, 0.001)
        if optimizer == "adam"
        else t.optim.SGD(parameters, RATE, 0.9 if optimizer == "momentum" else 0.0)
    )
    images, truths = t.from_numpy(x), t.from_numpy(labels)

    def run() -> None:
        for start in range(0, len(x), batch_size):
            rule.zero_grad()
            loss_of(images[start : start + batch_size], truths[start : start + batch_size]).backward()
            rule.step()

    return run


def sklearn(pixels: Images, labels: Labels, batch_size: int, optimizer: str) -> Run:
    """`MLPClassifier.partial_fit`, which is one epoch."""
    from sklearn.neural_network import MLPClassifier

    x = as_floats(pixels)
    solver = "adam" if optimizer == "adam" else "sgd"
    model = MLPClassifier(
        WIDTHS[1:-1],
        solver=solver,
        batch_size=batch_size,
        learning_rate_init=0.001 if optimizer == "adam" else RATE,
        momentum=0.9 if optimizer == "momentum" else 0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        shuffle=False,
    )
    warnings.filterwarnings("ignore", module="sklearn")
    return lambda: model.partial_fit(x, labels, classes=range(WIDTHS[-1]))


@dataclass(frozen=True)
class Peer:
    """A contender, by the package that it needs.

    Attributes:
        name: What it is called in tables.
        package: Whose version is told.
        make: The run of an epoch, or None where it has none of that kind.
        slow: Whether batches of one are given fewer rows.
    """

    name: str
    package: str
    make: Callable[[Images, Labels, int, str], Run | None]
    slow: bool = True

    @property
    def version(self) -> str | None:
        """None where it is not installed."""
        return find_version(self.package)


PEERS = (
    Peer("the paper's loop", "numpy", naive),
    Peer("scikit-learn", "scikit-learn", sklearn),
    Peer("PyTorch", "torch", torch),
    Peer("PyTorch, compiled", "torch", torch_compiled),
    Peer("JAX", "jax", jax, slow=False),
)


def installed() -> list[Peer]:
    """The peers that can be measured here."""
    return [peer for peer in PEERS if peer.version]
