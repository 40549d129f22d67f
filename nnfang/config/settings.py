"""The settings that ``--set`` takes: keys with their meanings, and the values that can be listed."""

from typing import Any

from nnfang.config.json_schema import attribute_descriptions
from nnfang.config.keys import REGISTRIES, Key, list_keys, unwrap
from nnfang.config.schema import names_of
from nnfang.core.constraints import is_scalar
from nnfang.training.recipe import Recipe


def complete_setting(start: str, layers: int) -> list[tuple[str, str]]:
    """How a setting may go on.

    Args:
        start: What has been typed of it, such as ``optimizer.l`` or ``optimizer.type=a``.
        layers: How many layers the recipe has.

    Returns:
        Keys to their next dot or their ``=``, and what they mean; after a ``=``, settings that are whole.
    """
    keys = [key for key in list_keys(Recipe, items=layers) if key.owner is None or is_scalar(key.hint)]
    path, equals, _ = start.partition("=")
    if equals:
        values = dict.fromkeys(value for key in keys if key.path == path for value in _values(key.hint))
        return [(f"{path}={value}", "") for value in values]
    found: dict[str, str] = {}
    for key in keys:
        if key.path.startswith(start):
            rest, dot, _ = key.path[len(start) :].partition(".")
            found.setdefault(f"{start}{rest}{dot or '='}", "" if dot else _meaning(key))
    return list(found.items())


def _meaning(key: Key) -> str:
    if key.owner is None:
        return "The kind; each kind has its own keys."
    return attribute_descriptions(key.owner).get(key.name, "")


def _values(hint: Any) -> list[str]:
    """The values that can be listed."""
    if hint in REGISTRIES:
        return list(REGISTRIES[hint])
    values = ["true", "false"] if unwrap(hint) is bool else list(names_of(hint))
    return values + (["null"] if unwrap(hint) is not hint else [])
