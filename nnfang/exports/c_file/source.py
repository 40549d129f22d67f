"""The files beside this one -> the functions that a network needs, with floats or with doubles."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ASSETS = Path(__file__).parent / "assets"

DEFINED = re.compile(r"^static [^(=]*?\b(\w+)\(", re.MULTILINE)
"""The name of a function in its definition."""


def read(name: str, values: Mapping[str, str], dtype: str) -> str:
    """The text of a file.

    Args:
        name: Without its ending.
        values: What stands for each ``{{ name }}`` in it.
        dtype: Of the network; the files are written for float32.
    """
    text = (ASSETS / f"{name}.c").read_text(encoding="utf-8")
    text = re.sub(r"\{\{ (\w+) \}\}", lambda found: values[found[1]], text)
    return text if dtype == "float32" else to_double(text)


def to_double(text: str) -> str:
    """Code for floats as code for doubles."""
    text = re.sub(r"\bfloat\b", "double", text)
    text = re.sub(r"\b(exp|tanh)f\b", r"\1", text)
    text = re.sub(r"(?<!%)\b(\d+\.\d+)f\b", r"\1", text)  # but for formats, such as %6.3f
    return text.replace("strtof", "strtod").replace("FLT_EPSILON", "DBL_EPSILON")


def select(text: str, caller: str) -> str:
    """The functions of a text that a caller needs, directly or not, in order; a compiler would warn of others.

    Args:
        text: Functions, each after its comment, between blank lines.
        caller: The code that calls some of them.
    """
    functions = {_find_name(part): part for part in re.split(r"\n\n(?=/\*|static)", text.strip())}
    needed, todo = set[str](), [caller]
    while todo:
        words = set(re.findall(r"\w+", re.sub(r"/\*.*?\*/", "", todo.pop(), flags=re.DOTALL)))
        found = (words & functions.keys()) - needed
        needed |= found
        todo += [functions[name] for name in found]
    return "\n\n".join(part for name, part in functions.items() if name in needed)


def _find_name(part: str) -> str:
    found = DEFINED.search(part)
    assert found, part  # noqa: S101 - a fault of our own
    return found[1]
