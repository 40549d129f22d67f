"""How far a compressed file may expand: a small one can stand for more than any memory holds."""

from pathlib import Path

from nnfang.errors import DataError

ALWAYS = 64 * 2**20
"""Bytes that any file may expand to."""

MOST_FOLD = 50
"""How many times its own size a larger one may expand to. MNIST is 5 times as large unpacked; a bomb, 1000 times."""


def check_expansion(path: Path, size: int) -> None:
    """Check how large a file's contents will be, before they are unpacked.

    Raises:
        DataError: They would be so much larger than the file that they can hardly be data.
    """
    packed = path.stat().st_size
    if size > max(ALWAYS, MOST_FOLD * packed):
        raise DataError(
            f"{path}: its {packed:,} bytes would expand to {size:,}; more than {MOST_FOLD} times as much is no data"
        )
