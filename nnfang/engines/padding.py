"""Where the compiled engine has each layer's weights, and the arrays it works in.

The kernels take 16 units at a time. A layer whose inputs and units are multiples of 16 is trained where it is, in θ.
Any other, such as an output layer of 10 classes, is copied to arrays of its own, in which it is padded with weights
of 0. These stay 0, because a unit that pads has an a and a δ of 0; and θ, checkpoints and digests know nothing of them.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from nnfang.core.arrays import Array, Labels, aligned_empty
from nnfang.core.network import Network
from nnfang.engines.kernels.layout import PLAN
from nnfang.engines.kernels.vectors import LANES


def round_up(number: int, multiple: int = LANES) -> int:
    """The next multiple of a number."""
    return -(-number // multiple) * multiple


class PaddedLayers:
    """The plan of a network of dense layers, and its padded layers.

    Attributes:
        plan: See `nnfang.engines.kernels.layout`.
        units: Units of all layers, as stored.
        entries: Room for entries of all layers, for one sample.
        size: Numbers in an array of padded layers.
    """

    def __init__(self, network: Network, codes: Sequence[int], mask_starts: Sequence[int]) -> None:
        """Lay out the dense layers of `network`: the codes of their activations, and where their masks begin."""
        self.network = network
        self.units = self.entries = self.size = position = 0
        self.plan: Labels = np.empty((len(codes), PLAN), np.int64)
        for i, (p, n) in enumerate(pairwise(network.units)):
            stored_p, stored_n = p if i == 0 else round_up(p), round_up(n)
            is_padded = (stored_p, stored_n) != (p, n)
            start = self.size if is_padded else position
            places = start, self.units, self.entries, mask_starts[i]
            self.plan[i] = stored_p, stored_n, n, codes[i], is_padded, *places
            position += (p + 1) * n
            self.size += (stored_p + 1) * stored_n if is_padded else 0
            self.units += stored_n
            self.entries += stored_p + LANES

    def allocate(self) -> Array:
        """An array of zeros for the padded layers."""
        padded = aligned_empty((max(self.size, 1),), self.network.dtype)
        padded[...] = 0
        return padded

    def read(self, vector: Array, padded: Array) -> None:
        """Copy the padded layers from a vector of the layout of θ."""
        for here, there in self._pairs(vector, padded):
            there[...] = here

    def write(self, vector: Array, padded: Array) -> None:
        """Copy the padded layers back."""
        for here, there in self._pairs(vector, padded):
            here[...] = there

    def _pairs(self, vector: Array, padded: Array) -> Iterator[tuple[Array, Array]]:
        """For each padded layer Wᵀ (p, n) and b (n,) in the vector, and in the padded array."""
        parameters = [part for part in self.network.views(vector) if part]
        for (W, b), (p, n, _, _, is_padded, start, *_) in zip(parameters, self.plan.tolist(), strict=True):
            if is_padded:
                end = start + p * n
                yield W.T, padded[start:end].reshape(p, n)[: W.shape[1], : W.shape[0]]
                yield b, padded[end : end + len(b)]
