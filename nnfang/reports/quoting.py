"""Text from strangers, such as the name of a class, in files that other programs read: it stays text."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from nnfang.names import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FORMULA = r"[=+\-@]"
"""What a cell begins with that a spreadsheet would compute."""

NUMBER = r"[+-]?\d+(\.\d*)?"

PUNCTUATION = r"([!-/:-@\[-`{-~])"
"""What can have a meaning in Markdown; any of it may have a backslash before it, and is then itself."""

NOT_IN_XML = "[\ufffe\uffff]"


def csv_text(rows: Iterable[Sequence[str | float]]) -> str:
    """Rows as CSV: control characters are escaped, and what a spreadsheet would take for a formula has a ' before it.

    Source: OWASP, CSV Injection.
    """
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerows([csv_cell(escape(cell)) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return lines.getvalue()


def csv_cell(text: str) -> str:
    """Text that no spreadsheet computes."""
    is_formula = re.match(FORMULA, text.lstrip()) and not re.fullmatch(NUMBER, text)
    return f"'{text}" if is_formula else text


def markdown(text: str) -> str:
    """Text in a line of Markdown, or in a cell of a table there."""
    return re.sub(PUNCTUATION, r"\\\1", escape(text))


def xml_text(text: str) -> str:
    """Text of one or more lines without what XML cannot hold; whoever writes it must still quote < and &."""
    return "\n".join(escape(escape(line), NOT_IN_XML) for line in text.split("\n"))
