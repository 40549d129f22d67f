"""Predictions as text, JSON or CSV."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from nnfang import images
from nnfang.commands import console
from nnfang.commands.targets import naming
from nnfang.errors import NnfangError
from nnfang.files import make_folder, remove_stale
from nnfang.reports.quoting import csv_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnfang.errors import PictureError
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.pictures import Prediction

UNSAFE = r"[\x00-\x1f\x7f<>:\"/\\|?*]+"
"""What the name of a file cannot contain everywhere, or should not contain anywhere."""

STEM = 50
"""Characters of a picture's name that are kept: a file's name has room for no more than 255 bytes."""


class TextWriter:
    """``7  99.8%  digit.png``; for a picture that cannot be read, ``-      -  blank.png  (no ink found)``."""

    def __init__(self, checkpoint: Checkpoint, top: int) -> None:
        """Write to stdout.

        Args:
            checkpoint: What predicts.
            top: How many classes are named.
        """
        self.top = min(top, len(checkpoint.class_names))
        self.is_probability = checkpoint.network.output_activation == "softmax"
        self.value, self.values = ("probability", "probabilities") if self.is_probability else ("score", "scores")

    def write_header(self) -> None:
        """What comes before the first picture."""

    def write(self, prediction: Prediction) -> None:
        """What a picture shows."""
        name = console.one_line(prediction.name)
        for warning in prediction.picture.warnings:
            console.warn(f"{name}: {warning}")
        parts = [f"{console.one_line(label)}  {self.format_value(value)}" for label, value in prediction.top(self.top)]
        console.result("  ".join([*parts, name]))

    def write_failure(self, name: str, error: PictureError) -> None:
        """A picture that could not be read, and why."""
        width = len(self.format_value(0))
        console.result(f"-  {'-':>{width}}  {console.one_line(name)}  ({console.one_line(error.reason)})")

    def format_value(self, value: float) -> str:
        """A probability as ``99.8%``, a score as ``-0.123``."""
        return f"{value:5.1%}" if self.is_probability else f"{value:6.3f}"


class CsvWriter(TextWriter):
    """path, label, probability, label_2, probability_2 … with --top, and why a picture could not be read."""

    def write_header(self) -> None:
        """The names of the columns."""
        columns = ("label", self.value)
        others = (f"{name}_{k}" for k in range(2, self.top + 1) for name in columns)
        console.write(_csv_line(["path", *columns, *others, "error"]))

    def write(self, prediction: Prediction) -> None:
        """A row per picture."""
        for warning in prediction.picture.warnings:
            console.warn(f"{console.one_line(prediction.name)}: {warning}")
        cells = (cell for pair in prediction.top(self.top) for cell in pair)
        console.write(_csv_line([console.encodable(prediction.name), *cells, ""]))

    def write_failure(self, name: str, error: PictureError) -> None:
        """A row with nothing but the path and the reason."""
        console.write(_csv_line([console.encodable(name), *[""] * (2 * self.top), error.reason]))


class JsonWriter(TextWriter):
    """``{"path": …, "label": "7", "probability": …, "probabilities": {…}}``, and how the picture was prepared."""

    def write(self, prediction: Prediction) -> None:
        """An object per picture."""
        best, picture = prediction.top(self.top), prediction.picture
        found = {
            "path": console.encodable(prediction.name),
            "label": best[0][0],
            self.value: best[0][1],
            self.values: dict(zip(prediction.class_names, prediction.outputs.tolist(), strict=True)),
        }
        if self.top > 1:
            found["top"] = [{"label": label, self.value: value} for label, value in best]
        found["prepared"] = {
            "inverted": picture.is_inverted,
            "crop": picture.crop,
            "scale": picture.scale,
            "shift": picture.shift,
        }
        found["warnings"] = picture.warnings
        console.write_json(found)

    def write_failure(self, name: str, error: PictureError) -> None:
        """An object without a label."""
        found = {"path": console.encodable(name), "label": None, self.value: None}
        console.write_json({**found, "error": error.reason, "warnings": []})


WRITERS: dict[str, Callable[[Checkpoint, int], TextWriter]] = {"text": TextWriter, "json": JsonWriter, "csv": CsvWriter}


class InputFolder:
    """Where what the network sees is written."""

    def __init__(self, folder: Path, *, may_replace: bool) -> None:
        """Create it, and clear away what a killed command left in it.

        Args:
            folder: Where.
            may_replace: Whether a picture may be replaced that is there already.
        """
        self.folder, self.may_replace = folder, may_replace
        try:
            make_folder(folder)
        except OSError as error:
            raise NnfangError(f"cannot be created: {error.strerror}", folder) from error
        remove_stale(folder, "[0-9]*-*.png")

    def save(self, number: int, prediction: Prediction) -> None:
        """Write what the network saw of the picture with this number; two may have the same name."""
        stem = "stdin" if prediction.name == "-" else re.sub(UNSAFE, "-", Path(prediction.name).stem[:STEM])
        file = self.folder / f"{number:04d}-{stem}.png"
        with naming(file):
            images.save_image(file, prediction.picture.image, may_replace=self.may_replace)


def _csv_line(cells: Sequence[str | float]) -> str:
    line = io.StringIO()
    guarded = [csv_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    csv.writer(line, lineterminator="\r\n").writerow(guarded)  # what is in the terminator is quoted in a cell
    return line.getvalue().removesuffix("\r\n")
