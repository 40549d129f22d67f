"""``nnfang info``: what nnfang found on this computer."""

from __future__ import annotations

from typing import Any

from nnfang.commands import console, options
from nnfang.commands.formatting import command as command_of


@command_of(
    "info",
    examples={
        "Show what was found": "nnfang info",
        "Write it as JSON, for a program": "nnfang info --json",
    },
)
@options.as_json
def command(*, as_json: bool) -> None:
    """Show system information.

    Prints versions, BLAS and its kernels, the engines, and the data sets that need no download.
    """
    from nnfang.data import find_available, find_cache
    from nnfang.engines import list_available
    from nnfang.machine.description import describe_machine

    found: dict[str, Any] = {
        **describe_machine(),
        "engines": list_available(),
        "cache": console.encodable(find_cache()),
        "datasets": find_available(),
    }
    if as_json:
        console.write_json(found)
        return
    width = max(map(len, found))
    for name, value in found.items():
        console.result(f"{name.replace('_', ' '):{width}}  {in_words(value)}")


def in_words(value: Any) -> str:
    """A value as a person writes it."""
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{name}={number}" for name, number in value.items()) or "-"
    return ", ".join(value) if isinstance(value, list) else str(value)
