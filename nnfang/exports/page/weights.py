"""θ in base64: float32, or half of that where a page would be too large, and the network hardly notices."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.core.arrays import Array, Images, aligned_empty
from nnfang.core.network import Network
from nnfang.data import SAMPLE, load

if TYPE_CHECKING:
    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint

EXACT_BYTES = 600_000
"""Of θ as float32; a page with more than that would be larger than a megabyte."""

LARGEST_CHANGE = 1e-3
"""Of an output, by rounding the weights to float16."""

IMAGES = 500
"""On which that is measured."""

SAMPLE_SHAPE = (28, 28)


def encode_weights(checkpoint: Checkpoint, data: Dataset | None) -> tuple[str, dict[str, Any]]:
    """θ in base64, and what the page says of its precision.

    Args:
        checkpoint: Whose network.
        data: Images at hand; without them those of the sample, or else random ones of a fixed seed are tried.
    """
    theta = checkpoint.network.theta.astype("<f4")
    if theta.nbytes > EXACT_BYTES and np.abs(theta).max() < np.finfo(np.float16).max:
        small = theta.astype("<f2")
        change = measure_change(checkpoint.network, small, _find_images(checkpoint, data))
        if change < LARGEST_CHANGE:
            return b64encode(small.tobytes()).decode(), {"dtype": "float16", "change": change}
    return b64encode(theta.tobytes()).decode(), {"dtype": "float32", "change": 0.0}


def measure_change(network: Network, theta: Array, images: Images) -> float:
    """The largest change of an output on images (m, …) with other weights (size,)."""
    changed = aligned_empty(theta.shape, network.dtype)
    changed[...] = theta
    other = Network(network.layers, network.inputs, changed)
    return float(np.abs(network.predict(images) - other.predict(images)).max())


def _find_images(checkpoint: Checkpoint, data: Dataset | None) -> Images:
    if data:
        return data.x_test[:IMAGES]
    if checkpoint.meta.input_shape == SAMPLE_SHAPE:
        return load(SAMPLE).x_test[:IMAGES]
    return np.random.default_rng(0).random((IMAGES, checkpoint.network.inputs), np.float32)
