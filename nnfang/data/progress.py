"""What shows the progress of a download; whoever calls brings it along."""

from collections.abc import Callable
from typing import Any, Protocol


class ProgressBar(Protocol):
    """Shows the download of one file.

    Attributes:
        total: Bytes of the whole file; set before the first `update`.
    """

    total: Any

    def update(self, n: int, /) -> object:
        """Add `n` bytes that have arrived."""

    def reset(self) -> object:
        """Count again from 0, because the download starts over."""

    def close(self) -> object:
        """End, whether or not the download succeeded."""


MakeProgress = Callable[[str], ProgressBar]
"""Creates the progress bar of one file from a description."""
