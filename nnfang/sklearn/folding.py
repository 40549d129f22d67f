"""A change of the inputs as a part of the first layer, so that the network takes them as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.network import Network

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

LARGEST_SHIFT = 100.0
"""Where a feature's mean is more than this many standard deviations from 0, what is left of its numbers after the mean
is subtracted has too few of the 24 bits of float32: the network then has 64-bit numbers."""


def fold(network: Network, gain: Numbers, shift: Numbers) -> Network:
    """The network that makes of x what `network` makes of gain · x + shift, elementwise.

    W (gain · x + shift) + b is (W diag(gain)) x + (b + W shift) (eq. 1).

    Args:
        network: Left as it is.
        gain: (inputs,).
        shift: (inputs,).

    Returns:
        A new network, of the same dtype unless the shift is too large for that.
    """
    dtype = network.dtype if np.abs(shift).max() <= LARGEST_SHIFT else np.dtype(np.float64)
    folded = Network(network.layers, network.inputs, network.theta.astype(dtype))
    first = next(i for i, parameters in enumerate(network.parameters) if parameters)  # dropout may stand before it
    W, b = (array.astype(np.float64) for array in network.parameters[first])
    folded.parameters[first][0][...] = W * gain
    folded.parameters[first][1][...] = b + W @ shift
    return folded
