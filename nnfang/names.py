"""Names as people write and sort them, and as they can be shown, whoever chose them."""

import re
from collections.abc import Iterable

UNSAFE = "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
"""What could move the cursor of a terminal or turn the direction of its text, and what is no character."""


def find_nearest(name: str, allowed: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """The allowed name most like `name`, whatever the case of its letters; None if none is as close as `likeness`."""
    from difflib import get_close_matches  # takes a while to import, and is wanted only where something is wrong

    folded = {other.casefold(): other for other in allowed}
    matches = get_close_matches(name.casefold(), folded, n=1, cutoff=likeness)
    return folded[matches[0]] if matches else None


def nearest(name: str, allowed: Iterable[str]) -> str:
    """``' Did you mean "x"?'`` with the allowed name most like `name`, or an empty string if none is close."""
    return did_you_mean(find_nearest(name, allowed))


def did_you_mean(name: str | None) -> str:
    """``' Did you mean "x"?'``, the end of a message; an empty string for None."""
    return f' Did you mean "{name}"?' if name else ""


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sort 2 before 10: even places of the list are text, odd ones numbers, so that they compare."""
    pieces = re.split(r"(\d+)", name.casefold())
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], name


def escape(text: str, characters: str = UNSAFE) -> str:
    r"""Text with each character of a kind as Python writes it, such as a line break as ``\n``; a byte as ``\xff``."""
    return re.sub(characters, _escape_character, text)


def _escape_character(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else ascii(found[0])[1:-1]  # noqa: PLR2004
