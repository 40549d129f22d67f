"""What an exported file knows of its network: in its head, and at its end. Here are only the types."""

from collections.abc import Callable

import numpy as np

from nnfang.core.arrays import Array

CLASS_NAMES: tuple[str, ...]
"""What each output stands for."""

INPUT_SHAPE: tuple[int, ...]
"""Height and width of an image, or how many numbers a row has."""

PREPARATION: str
"""How a picture is made to look like the images that the network was trained on."""

DTYPE: type[np.floating]
"""What is computed with, and what the weights are."""

IS_PROBABILITY: bool
"""Whether the outputs are probabilities; otherwise they are scores, of which the largest wins."""

HAS_PILLOW: bool
"""Whether Pillow is installed."""

DIGEST: str
"""The first 16 characters of the SHA-256 of the weights."""

UNITS: tuple[tuple[int, Callable[[Array], Array]], ...]
"""The units n of each layer, and its activation Q."""

WEIGHTS: str
"""θ: W and b of each layer, of `DTYPE`, little-endian, in base64."""

LAYERS: list[tuple[Array, Array, Callable[[Array], Array]]]
"""W, b and Q of each layer."""

VECTORS_DTYPE: type[np.uint8 | np.float32]
"""Of the test vectors."""

TEST_VECTORS: str
"""(10, ...): inputs for `check`, in base64."""

EXPECTED: str
"""(10, classes): what nnfang predicts for them, in base64."""
