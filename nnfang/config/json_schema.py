"""The JSON Schema of a config: what an editor needs to complete, explain and check YAML."""

import re
from dataclasses import MISSING, fields
from inspect import cleandoc
from math import inf
from typing import Annotated, Any, get_args, get_origin

from nnfang.config.keys import REGISTRIES
from nnfang.config.schema import to_tree
from nnfang.core.constraints import UNIONS, OneOf, annotations, is_scalar

Schema = dict[str, Any]

TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
LIMITS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}


def json_schema(cls: type) -> Schema:
    """The JSON Schema (draft 2020-12) of the dataclass `cls`.

    A key may be left out where it has a default, the ``type`` of a mapping too.
    """
    definitions: dict[str, Schema] = {}
    reference = _define(cls, definitions)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **reference, "$defs": definitions}


def _define(cls: type, definitions: dict[str, Schema], name: str = "", *, is_default: bool = False) -> Schema:
    """A reference to the definition of the dataclass `cls`, which is called `name` under ``type`` if it has a name."""
    described = attribute_descriptions(cls)
    properties = {"type": {"const": name, "description": summary(cls)}} if name else {}
    required = [] if is_default or not name else ["type"]
    definitions[cls.__name__] = {
        "title": name or cls.__name__,
        "description": summary(cls),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    for field in fields(cls):
        schema = {"description": described.get(field.name, "")}
        if field.default is MISSING:
            required.append(field.name)
        else:
            schema["default"] = to_tree(field.default)
        properties[field.name] = schema | _schema(annotations(cls)[field.name], definitions, type(field.default))
    return {"$ref": f"#/$defs/{cls.__name__}"}


def _schema(hint: Any, definitions: dict[str, Schema], default: type) -> Schema:
    """The schema of an annotation; `default` is the class that a mapping without ``type`` stands for."""
    if get_origin(hint) in UNIONS:
        return {"anyOf": [_schema(part, definitions, default) for part in get_args(hint)]}
    if is_scalar(hint):
        return _scalar_schema(hint)
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _schema(get_args(hint)[0], definitions, default)}
    if hint in REGISTRIES:
        kinds = REGISTRIES[hint].items()
        return {"anyOf": [_define(cls, definitions, name, is_default=cls is default) for name, cls in kinds]}
    return _define(hint, definitions)


def _scalar_schema(hint: Any) -> Schema:
    if get_origin(hint) is not Annotated:
        return {"type": TYPES[hint]}
    part, constraint = get_args(hint)
    if isinstance(constraint, OneOf):
        return {"enum": list(constraint.names)}
    limits = {word: getattr(constraint, sign) for sign, word in LIMITS.items()}
    return {"type": TYPES[part], **{word: limit for word, limit in limits.items() if limit not in {None, inf}}}


def summary(cls: type) -> str:
    """The first paragraph of a docstring."""
    return _one_line(cleandoc(cls.__doc__ or "").partition("\n\n")[0])


def attribute_descriptions(cls: type) -> dict[str, str]:
    """What the Attributes sections of a class and its bases, in Google's style, say of each attribute."""
    described: dict[str, str] = {}
    for owner in reversed(cls.__mro__):
        _, _, section = cleandoc(owner.__doc__ or "").partition("\nAttributes:\n")
        indented = re.match(r"( .*\n?|\n)*", section)
        described |= re.findall(r"^    (\w+): (.+(?:\n {5,}.+)*)", indented[0] if indented else "", re.MULTILINE)
    return {name: _one_line(text) for name, text in described.items()}


def _one_line(text: str) -> str:
    return " ".join(text.split())
