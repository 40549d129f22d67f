"""The settings that ``--set`` takes: keys with their meanings, and the values that can be listed."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from nnfang.config.json_schema import attribute_descriptions
from nnfang.config.keys import REGISTRIES, unwrap
from nnfang.config.schema import names_of
from nnfang.core.constraints import annotations, is_scalar
from nnfang.training.recipe import Recipe

Key = tuple[str, str]
"""A key or a setting, and what it means."""


def complete_setting(start: str, layers: int) -> list[Key]:
    """How a setting may go on.

    Args:
        start: What has been typed of it, such as ``optimizer.l`` or ``optimizer.type=a``.
        layers: How many layers the recipe has.

    Returns:
        Keys to their next dot or their ``=``, and what they mean; after a ``=``, settings that are whole.
    """
    path, equals, _ = start.partition("=")
    if equals:
        return [
            (f"{path}={value}", "") for key, hint, _ in list_settings(layers) if key == path for value in _values(hint)
        ]
    found: dict[str, str] = {}
    for key, _, meaning in list_settings(layers):
        if key.startswith(start):
            rest, dot, _ = key[len(start) :].partition(".")
            found.setdefault(f"{start}{rest}{dot or '='}", "" if dot else meaning)
    return list(found.items())


def list_settings(layers: int, hint: Any = Recipe, path: str = "") -> Iterator[tuple[str, Any, str]]:
    """Each key that holds one value: its path, its annotation, and what it means."""
    inner = unwrap(hint)
    if get_origin(inner) is tuple:
        for index in range(layers):
            yield from list_settings(layers, get_args(inner)[0], f"{path}[{index}]")
        return
    kinds = REGISTRIES.get(inner, {"": inner})
    if inner in REGISTRIES:
        yield f"{path}.type", inner, "The kind; each kind has its own keys."
    seen: set[str] = set()
    for kind in kinds.values():
        meanings = attribute_descriptions(kind)
        for name, part in annotations(kind).items():
            if name in seen:
                continue
            seen.add(name)
            key = f"{path}.{name}" if path else name
            if is_scalar(part):
                yield key, part, meanings.get(name, "")
            else:
                yield from list_settings(layers, part, key)


def _values(hint: Any) -> list[str]:
    """The values that can be listed."""
    if hint in REGISTRIES:
        return list(REGISTRIES[hint])
    values = ["true", "false"] if unwrap(hint) is bool else list(names_of(hint))
    return values + (["null"] if unwrap(hint) is not hint else [])
