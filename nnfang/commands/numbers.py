"""Numbers, of which each picture has several digits, as text, JSON or CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import click

from nnfang.commands import console
from nnfang.commands.options import REJECTED
from nnfang.commands.predictions import CsvWriter, JsonWriter, TextWriter, csv_line, describe_unfamiliar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnfang.commands.predictions import Doubts
    from nnfang.errors import PictureError
    from nnfang.runs.classifier import Classifier
    from nnfang.runs.numbers import Number

Reasons = dict[int, str]
"""The place of a digit that is not believed -> why."""


def refuse_options(*, raw: bool, top: int) -> None:
    """Refuse what makes no sense of a number.

    Raises:
        click.UsageError: One of these options was given.
    """
    if raw:
        raise click.UsageError("--number cuts digits out of a picture, and --raw takes it as it is: leave out one")
    if top > 1:
        raise click.UsageError("--top names the classes of one digit, and --number reads several: leave out one")


class TextNumbers:
    """``2024  97.1%  year.png``; pictures that cannot be read are as those of one digit."""

    single: ClassVar[type[TextWriter]] = TextWriter

    def __init__(self, classifier: Classifier, doubts: Doubts) -> None:
        """Write to stdout.

        Args:
            classifier: What predicts.
            doubts: When a digit gets no label.
        """
        self.doubts = doubts
        self.others = self.single(classifier, 1, doubts)

    def write_header(self) -> None:
        """What comes before the first picture."""
        self.others.write_header()

    def write(self, found: Number | tuple[str, PictureError]) -> bool:
        """The number on a picture, or the name of one that cannot be read, and why; whether all is believed."""
        if isinstance(found, tuple):
            return self.others.write(found)
        doubts = {k: self.doubts.find(digit) for k, digit in enumerate(found.digits)}
        reasons = {k: doubt for k, doubt in doubts.items() if doubt}
        for warning in list_warnings(found, reasons):
            console.warn(f"{console.one_line(found.name)}: {warning}")
        self.write_row(found, spell(found, reasons), reasons)
        return not reasons

    def write_row(self, number: Number, label: str, reasons: Reasons) -> None:
        """A line with the number, and why a digit of it has no label."""
        row = f"{console.one_line(label)}  {number.probability:5.1%}  {console.one_line(number.name)}"
        console.result(f"{row}  ({join_reasons(reasons)})" if reasons else row)


class CsvNumbers(TextNumbers):
    """path, label, probability, the smallest familiarity, and why a digit has no label."""

    single = CsvWriter

    def write_row(self, number: Number, label: str, reasons: Reasons) -> None:
        """A row per picture."""
        known = [digit.familiarity for digit in number.digits if digit.familiarity is not None]
        familiarity = min(known) if known else ""
        name = console.encodable(number.name)
        console.write(csv_line([name, label, number.probability, familiarity, join_reasons(reasons)]))


class JsonNumbers(TextNumbers):
    """``{"path": …, "label": "2024", "probability": …, "digits": […], "marks": […]}``."""

    single = JsonWriter

    def write_row(self, number: Number, label: str, reasons: Reasons) -> None:
        """An object per picture."""
        digits: list[Mapping[str, Any]] = [
            {
                "label": None if k in reasons else digit.label,
                "probability": digit.top(1)[0][1],
                "familiarity": digit.familiarity,
                "rejected": reasons.get(k),
                "box": digit.box,
                "line": digit.line,
            }
            for k, digit in enumerate(number.digits)
        ]
        console.write_json(
            {
                "path": console.encodable(number.name),
                "label": label,
                "probability": number.probability,
                "digits": digits,
                "marks": [{"reason": mark.reason, "box": mark.box, "line": mark.line} for mark in number.marks],
                "warnings": list_warnings(number, reasons),
            }
        )


WRITERS: dict[str, type[TextNumbers]] = {"text": TextNumbers, "json": JsonNumbers, "csv": CsvNumbers}


def spell(number: Number, reasons: Reasons) -> str:
    """The number, with `REJECTED` in the place of a digit that is not believed."""
    return number.spell([REJECTED if k in reasons else digit.label for k, digit in enumerate(number.digits)])


def join_reasons(reasons: Reasons) -> str:
    """Why digits have no label, counted from 1."""
    return "; ".join(f"digit {k + 1}: {reason}" for k, reason in reasons.items())


def list_warnings(number: Number, reasons: Reasons) -> list[str]:
    """What may be wrong with a picture, what on it is no digit, and which of the digits are unfamiliar."""
    marks = [f"no digit at {mark.box[0]}, {mark.box[1]}: {mark.reason}" for mark in number.marks]
    unfamiliar = [
        f"digit {k + 1} is {describe_unfamiliar(digit)}"
        for k, digit in enumerate(number.digits)
        if digit.is_unfamiliar and k not in reasons
    ]
    return [*number.warnings, *marks, *unfamiliar]
