"""Names as people write and sort them."""

import re
from collections.abc import Iterable


def nearest(name: str, allowed: Iterable[str]) -> str:
    """``' Did you mean "x"?'`` with the allowed name most like `name`, or an empty string if none is close."""
    from difflib import get_close_matches  # takes a while to import, and is wanted only where something is wrong

    matches = get_close_matches(name, list(allowed), n=1)
    return f' Did you mean "{matches[0]}"?' if matches else ""


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sort 2 before 10: even places of the list are text, odd ones numbers, so that they compare."""
    pieces = re.split(r"(\d+)", name.casefold())
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], name
