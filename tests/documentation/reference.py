"""The tables of the reference pages that say what the code says: the options of each command, and the keys of YAML.

A page has them between ``<!-- generated: options train -->`` and ``<!-- end -->``.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from nnfang.commands import cli
from nnfang.commands.formatting import OTHER, option_groups
from nnfang.commands.groups import Group
from nnfang.config.json_schema import json_schema
from nnfang.training.recipe import Recipe

Schema = Mapping[str, Any]

PART = re.compile(r"(<!-- generated: (\w+) ([\w-]+) -->\n).*?(?=<!-- end -->)", re.DOTALL)

SCHEMA = json_schema(Recipe)

LIMITS = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}

ALL = "all"
"""What stands in the column of types for the keys that each of them has."""


def update_tables(page: str) -> str:
    """The page with its generated parts as they should be."""
    return PART.sub(lambda m: m[1] + TABLES[m[2]](m[3]), page)


def options_table(name: str) -> str:
    """The arguments and options of a command but for --help, in the order and words of its help.

    ``data-fetch`` is ``nnfang data fetch``.
    """
    command: click.Command = cli
    for word in name.split("-"):
        assert isinstance(command, Group)
        command = command.find_command(click.Context(command), word)
    groups = option_groups(command, click.Context(command, info_name=name, **command.context_settings))
    del groups[OTHER]
    rows = [(f"`{escape(term)}`", " ".join(escape(text).split())) for group in groups.values() for term, text in group]
    return table(("option", "what it does"), rows)


def keys_table(name: str) -> str:
    """The keys of a class of the schema."""
    properties = SCHEMA["$defs"][name]["properties"]
    return table(("key", "values", "default", "what it is"), [key_cells(key, properties[key]) for key in properties])


def types_table(key: str) -> str:
    """The classes that a key may name under ``type``, and the keys of each; first those that all have."""
    kinds = [SCHEMA["$defs"][name] for name in references(SCHEMA["$defs"]["Recipe"]["properties"][key])]
    keys = [{name: schema for name, schema in kind["properties"].items() if name != "type"} for kind in kinds]
    shared = [name for name in keys[0] if all(other.get(name) == keys[0][name] for other in keys)]
    rows = [(ALL, *key_cells(name, keys[0][name])) for name in shared]
    for kind, own in zip(kinds, keys, strict=True):
        rows.append((f"`{kind['title']}`", "", "", "", escape(kind["description"])))
        rows.extend(("", *key_cells(name, schema)) for name, schema in own.items() if name not in shared)
    return table(("type", "key", "values", "default", "what it is"), rows)


def key_cells(key: str, schema: Schema) -> tuple[str, ...]:
    return f"`{key}`", describe_values(schema), describe_default(schema), escape(schema["description"])


def references(schema: Schema) -> list[str]:
    """The names of the definitions that a schema refers to."""
    items = schema.get("items", {})
    parts = [schema, *schema.get("anyOf", ()), items, *items.get("anyOf", ())]
    return [part["$ref"].rpartition("/")[2] for part in parts if "$ref" in part]


def describe_values(schema: Schema) -> str:
    """What a key may hold."""
    if references(schema):
        return "list" if schema.get("type") == "array" else "mapping"
    if "anyOf" in schema:
        return " or ".join(map(describe_values, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{name}`" for name in schema["enum"])
    kind = {"boolean": "`true`, `false`", "null": "`null`", "string": "text"}.get(schema["type"], schema["type"])
    limits = ", ".join(f"{sign} {schema[name]:g}" for name, sign in LIMITS.items() if name in schema)
    return f"{kind} {limits}".rstrip()


def describe_default(schema: Schema) -> str:
    """The value that a key has without being set."""
    default = schema.get("default", "")
    if isinstance(default, list):
        return "the paper's"
    if isinstance(default, dict):
        default = default.get("type", default)
    return f"`{default if isinstance(default, str) else json.dumps(default)}`" if default != "" else "required"


def escape(text: str) -> str:
    """Text as a cell of a table has it."""
    return text.replace("|", r"\|").replace("<", "&lt;")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = (header, ("---",) * len(header), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


TABLES: dict[str, Callable[[str], str]] = {"options": options_table, "keys": keys_table, "types": types_table}
