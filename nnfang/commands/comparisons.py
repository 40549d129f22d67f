"""A comparison of networks for a person."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from nnfang.commands import console
from nnfang.commands.console import percent
from nnfang.commands.targets import naming
from nnfang.core.constraints import LITERALS
from nnfang.errors import NnfangError
from nnfang.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nnfang.reports.comparison import Comparison, Duel

LONGEST_VALUE = 24
"""Characters that are shown of a setting, such as a path."""

LITTLE = 0.0001
"""The p-value below which there is no point in more digits."""


def show(comparison: Comparison) -> None:
    """Write it to stdout."""
    console.result("\n".join(_lines(comparison)))


def _lines(comparison: Comparison) -> Iterator[str]:
    contenders = comparison.contenders
    yield from (f"{one.letter}  {console.one_line(one.model)}" for one in contenders)
    letters = [one.letter for one in contenders]
    if comparison.settings:
        yield ""
        yield settings_table(comparison.settings, letters)
    described = [one.describe() for one in contenders]
    yield ""
    yield console.table(["result", *letters], [[name, *map(show_one, described)] for name, show_one in ROWS.items()])
    yield ""
    images = f"{console.count(len(comparison.data.y_test), 'test image')} of {console.one_line(comparison.data.name)}"
    yield f"On the same {images}:"
    yield from map(describe_duel, comparison.duels)


def settings_table(settings: dict[str, list[Any]], letters: list[str]) -> str:
    """A column per network; on a terminal that is too narrow for that, the values of a key one after the other."""
    header = ["setting", *letters]
    rows = [[key, *map(format_setting, values)] for key, values in settings.items()]
    table = console.table(header, rows)
    if console.is_terminal(sys.stdout) and max(map(len, table.splitlines())) > console.columns(sys.stdout):
        return "\n".join(f"{key}  {' | '.join(values)}" for key, *values in (header, *rows))
    return table


ROWS = {
    "accuracy": lambda found: percent(found["accuracy"]),
    "95% from": lambda found: percent(found["interval"][0]),
    "to": lambda found: percent(found["interval"][1]),
    "loss": lambda found: f"{found['loss']:.4f}",
    "ECE": lambda found: "-" if found["calibration_error"] is None else percent(found["calibration_error"]),
    "epochs": lambda found: f"{found['epochs']:,}",
    "s/epoch": lambda found: format_seconds(found["seconds_per_epoch"]),
    "images/s": lambda found: f"{found['images_per_second']:,.0f}",
    "parameters": lambda found: f"{found['parameters']:,}",
    "bytes": lambda found: f"{found['bytes']:,}",
}
"""What is told of each network, and how."""


def format_seconds(seconds: float | None) -> str:
    """Three figures; a dash where the time is not known."""
    if seconds is None:
        return "-"
    return f"{seconds:,.0f}" if seconds >= 100 else f"{seconds:.3g}"  # noqa: PLR2004


def describe_duel(duel: Duel) -> str:
    """``B mends 41 of A's mistakes, breaks 23: p = 0.03``."""
    pairing, p = duel.pairing, duel.pairing.p_value
    shown = f"p < {LITTLE}" if p < LITTLE else f"p = {p:.2g}"
    a, b = duel.first.letter, duel.second.letter
    return f"{b} mends {pairing.mends:,} of {a}'s mistakes, breaks {pairing.breaks:,}: {shown}"


def format_setting(value: Any) -> str:
    """A value of the config as it is written there; a dash where there is no such key."""
    if value is None:
        return "-"
    text = console.one_line(LITERALS.get(value, str(value)) if isinstance(value, bool) else str(value))
    return text if len(text) <= LONGEST_VALUE else f"...{text[3 - LONGEST_VALUE :]}"


def write_picture(file: Path, comparison: Comparison, *, may_replace: bool, is_quiet: bool) -> None:
    """Draw the images that some networks get right and some wrong, if there are any.

    Raises:
        ConfigError: The file is there, and may not be replaced.
        NnfangError: It cannot be written.
    """
    from nnfang.reports.pictures import draw_disputed, to_picture

    if not len(comparison.disputed):
        console.note(f"{file}: not written, since all get the same images right")
        return
    content = to_picture(lambda: draw_disputed(comparison))
    with naming(file), replacing(file, may_replace=may_replace) as target:
        target.write(content)
    if not is_quiet:
        console.note(f"{file}: {console.count(len(comparison.disputed), 'image')} on which they differ")


def write_page(file: Path, comparison: Comparison, *, may_replace: bool, is_quiet: bool) -> None:
    """Write the comparison as a page.

    Raises:
        ConfigError: The file is there, and may not be replaced.
        NnfangError: It cannot be drawn or written.
    """
    from nnfang.reports.comparison_page import render

    try:
        content = render(comparison)
    except Exception as error:  # whatever a library may raise
        raise NnfangError(f"cannot be drawn: {error}", file) from error
    with naming(file), replacing(file, may_replace=may_replace) as target:
        target.write(content)
    if not is_quiet:
        console.note(f"{file}: written")
