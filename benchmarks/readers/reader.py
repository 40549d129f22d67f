"""What a program that reads an exported network can be asked for."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnfang.core.arrays import Images

Classify = Callable[[Images], npt.NDArray[np.integer]]
"""Bytes (m, 28, 28) -> classes (m,)."""


@dataclass(frozen=True)
class Reader:
    """A program, and the file that it reads.

    Attributes:
        name: Of the program.
        file: Its name in the folder of the exported files.
        answer: From the start of the program until it has said what one picture shows.
        classify: What images show, in a program that runs already; None where another reader does exactly the same.
    """

    name: str
    file: str
    answer: Callable[[], object]
    classify: Classify | None
