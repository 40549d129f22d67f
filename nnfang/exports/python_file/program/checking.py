"""The check: whether this file, on this computer, predicts what nnfang predicted when it wrote it."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from nnfang.exports.python_file.program.equations import predict, read_numbers

if TYPE_CHECKING:
    from nnfang.exports.python_file.program.constants import (
        DIGEST,
        DTYPE,
        EXPECTED,
        INPUT_SHAPE,
        TEST_VECTORS,
        VECTORS_DTYPE,
        WEIGHTS,
    )


def check() -> int:
    """Compare the weights with their digest, and what is predicted for ten test vectors with what was then.

    Sums may be rounded differently on another computer: 1,000 times the precision of the weights is allowed.

    Returns:
        What the program ends with: 0 if all is as it was, otherwise 1.
    """
    theta = read_numbers(WEIGHTS, DTYPE)
    found_digest = hashlib.sha256(theta.astype(theta.dtype.newbyteorder("<")).tobytes()).hexdigest()[: len(DIGEST)]
    print(f"weights       {'as' if found_digest == DIGEST else 'not as'} when exported, digest {DIGEST}")
    found = predict(read_numbers(TEST_VECTORS, VECTORS_DTYPE).reshape(-1, *INPUT_SHAPE))
    expected = read_numbers(EXPECTED, DTYPE).reshape(found.shape)
    tolerance = 1000 * np.finfo(DTYPE).eps
    is_close = np.isclose(found, expected, rtol=tolerance, atol=tolerance / 10).all(axis=1)
    largest = float(np.abs(found - expected).max())
    print(f"test vectors  {is_close.sum()} of {len(is_close)} as when exported; largest difference {largest:.0e}")
    return 0 if found_digest == DIGEST and is_close.all() else 1
