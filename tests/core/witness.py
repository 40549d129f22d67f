"""The independent witness: the same networks in JAX, written without a look at nnfang's formulas."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp

from nnfang.core.arrays import Array, Labels
from nnfang.core.layers import Dense
from nnfang.core.network import Network

optax: Any = import_module("optax")  # it has no types

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda z: z,
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "gelu": lambda z: jax.nn.gelu(z, approximate=True),
    "softmax": jax.nn.softmax,
}


def mean_loss(names: Sequence[str], loss: str, parameters: Any, x: Any, y: Any) -> Any:
    """The mean over the rows of the loss of a dense network with activations `names`."""
    for name, (W, b) in zip(names, parameters, strict=True):
        z = x @ W.T + b
        x = ACTIVATIONS[name](z)
    if loss == "categorical_crossentropy":
        return jnp.mean(optax.softmax_cross_entropy(z, y))
    return jnp.mean((x - y) ** 2)


def activations_of(network: Network) -> tuple[str, ...]:
    """The names of the activations of a dense network."""
    return tuple(layer.activation for layer in network.layers if isinstance(layer, Dense))


def train(
    network: Network, loss: str, optimizer: Any, x: Array, labels: Labels, rows: Labels
) -> tuple[list[Array], float]:
    """The parameters after a step for each row of `rows` (steps, batch size), which picks from x; the summed loss."""
    names, eye = activations_of(network), jnp.eye(network.outputs)
    images, classes = jnp.asarray(x), jnp.asarray(labels)

    def step(carry: Any, batch: Any) -> tuple[Any, Any]:
        parameters, state = carry
        value, gradient = jax.value_and_grad(mean_loss, argnums=2)(
            names, loss, parameters, images[batch], eye[classes[batch]]
        )
        change, state = optimizer.update(gradient, state, parameters)
        return (optax.apply_updates(parameters, change), state), value

    start = [tuple(map(jnp.asarray, pair)) for pair in network.parameters]
    (end, _), losses = jax.jit(lambda carry: jax.lax.scan(step, carry, jnp.asarray(rows)))(
        (start, optimizer.init(start))
    )
    return [array for pair in end for array in pair], float(losses.sum()) * rows.shape[1]
