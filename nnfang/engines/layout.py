"""The order of numbers in memory, where it makes a difference to the speed."""

from dataclasses import replace

import numpy as np

from nnfang.core.activations import OUTPUT_ONLY
from nnfang.core.arrays import Array, aligned_empty
from nnfang.core.network import Network
from nnfang.core.workspace import Workspace


def empty_by_column(shape: tuple[int, ...], dtype: np.dtype[np.floating]) -> Array:
    """An uninitialized array whose matrices, of the last two axes, are stored column by column."""
    *count, rows, columns = shape
    return aligned_empty((*count, columns, rows), dtype).swapaxes(-1, -2)


def is_by_column(network: Network) -> bool:
    """Whether the output layer's arrays are faster by column: the sums of softmax then add whole columns."""
    return network.output_activation in OUTPUT_ONLY


def allocate_workspace(network: Network, rows: int) -> Workspace:
    """The workspace of `Network.allocate`, with the arrays of the output layer in their faster order."""
    *hidden, output = network.allocate(rows)
    if is_by_column(network):
        arrays = {
            name: empty_by_column(getattr(output, name).shape, network.dtype) for name in ("z", "a", "delta", "scratch")
        }
        output = replace(output, **arrays)
    return (*hidden, output)
