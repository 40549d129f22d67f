"""Pictures: read and prepared, then predicted."""

import sys
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from nnfang.core.arrays import Array
from nnfang.errors import PictureError
from nnfang.exports.python_file.program.equations import most_likely, predict
from nnfang.exports.python_file.program.running import describe_value, report_failure, run
from nnfang.images import load_prepared
from nnfang.images.files import find_pictures
from nnfang.images.preparation import Prepared
from nnfang.names import escape

if TYPE_CHECKING:
    from nnfang.exports.python_file.program.constants import HAS_PILLOW, INPUT_SHAPE, PREPARATION

DESCRIPTION = """Say what pictures show: photos, scans and drawings, in any format that Pillow reads.

Each has a row with the class, its probability (or score) and the name. That of a picture that is blank or cannot be
read gives the reason; the exit code is then 1. The network and how a picture is prepared for it are in this file."""


def predict_picture(source: str | PathLike[str] | BinaryIO, name: str | None = None) -> tuple[Array, Prepared]:
    """What a picture shows.

    Args:
        source: The path of a file, or a stream with the bytes of one.
        name: What errors call it; by default its path.

    Returns:
        ŷ (classes,), and the image (h, w) that the network saw.

    Raises:
        BlankError: There is no ink on the picture.
        PictureError: It is not a picture, damaged, too large, or cannot be opened; or Pillow is not installed.
    """
    require_pillow()
    source = Path(source) if isinstance(source, str | PathLike) else source
    prepared = load_prepared(source, INPUT_SHAPE, PREPARATION, name)
    return predict(prepared.image[None])[0], prepared


def require_pillow() -> None:
    """Refuse pictures where Pillow is not installed, which `predict` does without.

    Raises:
        PictureError: It is not.
    """
    if not HAS_PILLOW:
        raise PictureError("reading pictures needs Pillow 10.3 or newer: pip install pillow")


def classify_pictures(arguments: list[str]) -> Iterator[int]:
    """Write what each picture shows that is named; yields 1 for one that cannot be read."""
    if not HAS_PILLOW:
        arguments = arguments[:1]  # the reason is the same for all
    for argument in arguments:
        try:
            require_pillow()
            if argument == "-":
                write_prediction(argument, sys.stdin.buffer, "standard input")
                continue
            for path in find_pictures([argument or "(an empty name)"]):  # which would be this folder
                try:
                    write_prediction(str(path), path)
                except PictureError as error:
                    yield fail(str(path), error)
        except PictureError as error:
            yield fail(argument, error)


def write_prediction(name: str, source: Path | BinaryIO, title: str | None = None) -> None:
    """Write the class of a picture, its output, and the name."""
    y_hat, prepared = predict_picture(source, title)
    for warning in prepared.warnings:
        print(f"warning: {escape(name)}: {warning}", file=sys.stderr)
    label, value = most_likely(y_hat)
    print(f"{escape(label)}  {describe_value(value)}  {escape(name)}", flush=True)


def fail(name: str, error: PictureError) -> int:
    """Say why a picture cannot be read."""
    report_failure(name, error.reason, error.path)
    return 1


def main() -> int:
    """Run the program; returns its exit code."""
    return run(classify_pictures, "PICTURE", DESCRIPTION)
