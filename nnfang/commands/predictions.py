"""Predictions as text, JSON or CSV."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from nnfang import images
from nnfang.commands import console
from nnfang.commands.options import REJECTED
from nnfang.commands.targets import naming
from nnfang.errors import NnfangError
from nnfang.files import make_folder, remove_stale
from nnfang.reports.quoting import csv_cell
from nnfang.runs.pictures import Prediction
from nnfang.training.familiarity import LEAST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nnfang.errors import PictureError
    from nnfang.runs.classifier import Classifier
    from nnfang.runs.numbers import Number

Answer_contra = TypeVar("Answer_contra", Prediction, "Number", contravariant=True)

UNSAFE = r"[\x00-\x1f\x7f<>:\"/\\|?*]+"
"""What the name of a file cannot contain everywhere, or should not contain anywhere."""

STEM = 50
"""Characters of a picture's name that are kept: a file's name has room for no more than 255 bytes."""


@dataclass(frozen=True)
class Doubts:
    """When a picture gets no label, but `REJECTED`.

    Attributes:
        min_probability: The smallest probability that is believed.
        rejects: Whether an unfamiliar picture gets none.
    """

    min_probability: float = 0.0
    rejects: bool = False

    def check(self, classifier: Classifier) -> None:
        """Refuse to look for what the network cannot tell.

        Raises:
            NnfangError: It gives no probabilities, or does not know its training images.
        """
        if self.min_probability and not classifier.gives_probabilities:
            raise NnfangError("this network gives scores, not probabilities, so that none can be asked for")
        if self.rejects and not classifier.familiarity:
            raise NnfangError(
                "this network cannot tell which pictures are unfamiliar, so it can reject none: its checkpoint does "
                "not describe the images that it was trained on, as one does at the end of a training"
            )

    def find(self, prediction: Prediction) -> str | None:
        """Why a picture gets no label, if so."""
        value = prediction.top(1)[0][1]
        if self.rejects and prediction.is_unfamiliar:
            return f"unfamiliar: {describe_familiarity(prediction)}"
        if value < self.min_probability:
            return f"the largest probability is {value:.1%}, below {self.min_probability:.1%}"
        return None


def describe_familiarity(prediction: Prediction) -> str:
    """How few true images are as unlike those of the training."""
    share = prediction.familiarity or 0
    few = f"{share:.1%}" if share > LEAST else f"fewer than {LEAST:.1%}"
    return f"{few} of true images are so unlike the training images"


def describe_unfamiliar(prediction: Prediction) -> str:
    """What is said beside an answer that is given nevertheless."""
    return f"unfamiliar, so the answer may mean nothing: {describe_familiarity(prediction)}"


class TextWriter:
    """``7  99.8%  digit.png``; for a picture that cannot be read, ``-      -  blank.png  (no ink found)``."""

    def __init__(self, classifier: Classifier, top: int, doubts: Doubts) -> None:
        """Write to stdout.

        Args:
            classifier: What predicts.
            top: How many classes are named.
            doubts: When none is.
        """
        doubts.check(classifier)
        self.doubts = doubts
        self.top = min(top, len(classifier.class_names))
        self.is_probability = classifier.gives_probabilities
        self.value, self.values = ("probability", "probabilities") if self.is_probability else ("score", "scores")

    def write_header(self) -> None:
        """What comes before the first picture."""

    def write(self, prediction: Prediction | tuple[str, PictureError]) -> bool:
        """What a picture shows, or the name of one that cannot be read, and why; whether there is a label."""
        if isinstance(prediction, tuple):
            console.print_error(console.one_line(str(prediction[1])))
            self.write_failure(*prediction)
            return False
        doubt = self.doubts.find(prediction)
        name = console.one_line(prediction.name)
        for warning in self.list_warnings(prediction, doubt):
            console.warn(f"{name}: {warning}")
        self.write_row(prediction, doubt)
        return doubt is None

    def list_warnings(self, prediction: Prediction, doubt: str | None) -> list[str]:
        """What may be wrong with a picture, or with the label that it gets."""
        hints = {images.HAS_RIVALS: f"{images.HAS_RIVALS}; --number reads all of them"}
        warnings = [hints.get(warning, warning) for warning in prediction.picture.warnings]
        if prediction.is_unfamiliar and not doubt:
            warnings.append(describe_unfamiliar(prediction))
        return warnings

    def write_row(self, prediction: Prediction, doubt: str | None) -> None:
        """A line with the label, or why there is none."""
        name = console.one_line(prediction.name)
        best = prediction.top(self.top)
        if doubt:
            console.result(f"{REJECTED}  {self.format_value(best[0][1])}  {name}  ({doubt})")
            return
        parts = [f"{console.one_line(label)}  {self.format_value(value)}" for label, value in best]
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
        console.write(csv_line(["path", *columns, *others, "familiarity", "error"]))

    def write_row(self, prediction: Prediction, doubt: str | None) -> None:
        """A row per picture."""
        cells = [cell for pair in prediction.top(self.top) for cell in pair]
        if doubt:
            cells[0] = REJECTED
        familiarity = "" if prediction.familiarity is None else prediction.familiarity
        console.write(csv_line([console.encodable(prediction.name), *cells, familiarity, doubt or ""]))

    def write_failure(self, name: str, error: PictureError) -> None:
        """A row with nothing but the path and the reason."""
        console.write(csv_line([console.encodable(name), *[""] * (2 * self.top + 1), error.reason]))


class JsonWriter(TextWriter):
    """``{"path": …, "label": "7", "probability": …, "probabilities": {…}}``, and how the picture was prepared."""

    def write_row(self, prediction: Prediction, doubt: str | None) -> None:
        """An object per picture."""
        best, picture = prediction.top(self.top), prediction.picture
        found: dict[str, Any] = {
            "path": console.encodable(prediction.name),
            "label": None if doubt else best[0][0],
            self.value: best[0][1],
            "familiarity": prediction.familiarity,
            "rejected": doubt,
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
        found["warnings"] = self.list_warnings(prediction, doubt)
        console.write_json(found)

    def write_failure(self, name: str, error: PictureError) -> None:
        """An object without a label."""
        found = {"path": console.encodable(name), "label": None, self.value: None}
        console.write_json({**found, "error": error.reason, "warnings": []})


WRITERS: dict[str, type[TextWriter]] = {"text": TextWriter, "json": JsonWriter, "csv": CsvWriter}


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

    def save(self, number: int, found: Prediction | Number) -> None:
        """Write what the network saw of the picture with this number; two may have the same name."""
        stem = "stdin" if found.name == "-" else re.sub(UNSAFE, "-", Path(found.name).stem[:STEM])
        if isinstance(found, Prediction):
            seen = {f"{number:04d}-{stem}.png": found.picture}
        else:
            seen = {f"{number:04d}-{stem}-{k:02d}.png": digit.picture for k, digit in enumerate(found.digits, 1)}
        for name, picture in seen.items():
            with naming(self.folder / name):
                images.save_image(self.folder / name, picture.image, may_replace=self.may_replace)


class Writer(Protocol[Answer_contra]):
    """Writes the answers about pictures, one at a time."""

    def write_header(self) -> None:
        """What comes before the first picture."""

    def write(self, prediction: Answer_contra | tuple[str, PictureError], /) -> bool:
        """An answer, or the name of a picture that cannot be read, and why; whether there is a label."""


def write_all(
    found: Iterable[Answer_contra | tuple[str, PictureError]], writer: Writer[Answer_contra], seen: InputFolder | None
) -> int:
    """Write each answer as it is found, and what the network saw; how many pictures have no label."""
    failed = 0
    for number, answer in enumerate(found, 1):
        if number == 1:
            writer.write_header()
        if seen and not isinstance(answer, tuple):
            seen.save(number, answer)
        failed += not writer.write(answer)
    return failed


def csv_line(cells: Sequence[str | float]) -> str:
    """A row of CSV in which no cell is a formula."""
    line = io.StringIO()
    guarded = [csv_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    csv.writer(line, lineterminator="\r\n").writerow(guarded)  # what is in the terminator is quoted in a cell
    return line.getvalue().removesuffix("\r\n")
