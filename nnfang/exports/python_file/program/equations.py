"""The network: Algorithm 2 of Adrian Fang's paper "The Fascinating Maths Behind Neural Networks", in its letters.

x (m, inputs) are m images, one in each row; W (n, p), b (n,), z and a (m, n) belong to a layer of n units after p
others; Q is its activation, and ŷ (m, classes) the a of the last layer. Columns of the paper are rows here, so that
eq. 1 reads z = a Wᵀ + b. Dropout layers do nothing but while training.
"""

from base64 import b64decode
from collections.abc import Callable
from math import pi, prod, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nnfang.core.arrays import Array

if TYPE_CHECKING:
    from nnfang.exports.python_file.program.constants import CLASS_NAMES, DTYPE, INPUT_SHAPE, LAYERS, UNITS


def forward(x: Array) -> Array:
    """Algorithm 2, the forward process.  (m, inputs) -> ŷ (m, classes)."""
    a = x
    for W, b, Q in LAYERS:
        z = a @ W.T + b  # eq. 1
        a = Q(z)  # eq. 2, in the last layer of most networks eq. 7
    return a


def linear(z: Array) -> Array:
    """a = z."""
    return z


def relu(z: Array) -> Array:
    """a = max(z, 0)."""
    a: Array = np.maximum(z, 0)
    return a


def leaky_relu(z: Array) -> Array:
    """a = z where z > 0, otherwise z / 100."""
    a: Array = np.maximum(z, 0.01 * z)
    return a


def sigmoid(z: Array) -> Array:
    """a = 1 / (1 + e^-z), written as (1 + tanh(z/2)) / 2, which cannot overflow."""
    a: Array = 0.5 * (1 + np.tanh(0.5 * z))
    return a


def tanh(z: Array) -> Array:
    """a = tanh z."""
    a: Array = np.tanh(z)
    return a


def gelu(z: Array) -> Array:
    """a = z sigmoid(2 √(2/π) (z + 0.044715 z³)): Hendrycks and Gimpel 2016, the tanh form."""
    scale = 2.0 * sqrt(2.0 / pi)
    a: Array = z * sigmoid((z * z * (0.044715 * scale) + scale) * z)
    return a


def softmax(z: Array) -> Array:
    """ŷ_i = e^z_i / Σ_k e^z_k in each row (eq. 7); less the largest z, e^z cannot overflow, and the ŷ are the same."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    y_hat: Array = e / e.sum(axis=1, keepdims=True)
    return y_hat


MOST_ROWS = 512
"""Images that are predicted at a time, so that any number of them needs little memory."""


def predict(images: npt.ArrayLike) -> Array:
    """ŷ for each image; see `IS_PROBABILITY` and `CLASS_NAMES`.

    Args:
        images: (m, ...), as the network was trained on: bytes, which are divided by 255, or other numbers, which are
            taken as they are. Pictures as people take them have to be prepared first, see `predict_picture`.

    Returns:
        (m, classes).

    Raises:
        ValueError: An image has another number of pixels than the network has inputs.
    """
    images = np.asarray(images)
    inputs = prod(INPUT_SHAPE)
    if images.ndim < 2 or prod(images.shape[1:]) != inputs:  # noqa: PLR2004 - images, and at least one axis of each
        raise ValueError(f"images must be an array (m, ...) with {inputs} numbers each, found shape {images.shape}")
    rows = images.reshape(len(images), inputs)
    starts = range(0, max(len(rows), 1), MOST_ROWS)
    return np.concatenate([forward(scale_pixels(rows[start : start + MOST_ROWS])) for start in starts])


def scale_pixels(rows: npt.NDArray[Any]) -> Array:
    """x: bytes divided by 255, other numbers as they are.  (m, inputs) -> (m, inputs)."""
    x: Array = np.divide(rows, 255, dtype=DTYPE) if rows.dtype == np.uint8 else rows.astype(DTYPE)
    return x


def most_likely(y_hat: Array) -> tuple[str, float]:
    """The class with the largest of the outputs (classes,), and that output."""
    best = int(y_hat.argmax())
    return CLASS_NAMES[best], float(y_hat[best])


def read_numbers(text: str, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Base64 of little-endian numbers -> (numbers,)."""
    little_endian = np.dtype(dtype).newbyteorder("<")
    return np.frombuffer(b64decode(text), little_endian).astype(dtype)


def split_layers(theta: Array) -> list[tuple[Array, Array, Callable[[Array], Array]]]:
    """W, b and Q of each layer of θ (size,), in which W stands before b, and column by column."""
    layers = []
    p = prod(INPUT_SHAPE)
    for n, Q in UNITS:
        W, b, theta = np.split(theta, [n * p, n * p + n])
        layers.append((W.reshape((n, p), order="F"), b, Q))
        p = n
    return layers
