"""Between plain trees (what YAML and JSON hold) and the frozen dataclasses of a recipe.

The dataclasses are declared once, with their constraints in the annotations. Here they become msgspec types, which
check a tree and write the JSON Schema; descriptions for error messages; and trees again. A mapping that stands for one
of several classes names its class under the key ``type``, by the registries in `KINDS`.
"""

import re
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from nnfang.core.constraints import Bounds, FieldError, OneOf
from nnfang.core.layers import LAYERS, Layer
from nnfang.core.optimizers import OPTIMIZERS, Optimizer
from nnfang.core.schedules import SCHEDULES, Schedule
from nnfang.names import nearest

Tree = Any
"""None, bool, int, float, str, and lists and dicts of them."""

KINDS: dict[Any, dict[str, Any]] = {Layer: LAYERS, Optimizer: OPTIMIZERS, Schedule: SCHEDULES}

MESSAGE_VALUE = 60
"""Characters of a value that a message shows at most."""

PROBLEM = r"(?s)(?:Object \w+ (unknown|required) field `(.*?)`|.*?)(?: - at `\$((?:\.\w+|\[\d+\])*)`)?"
"""All that is read of msgspec's messages: whether it is about a key, which, and the path."""

YAML_WORDS = {None: "null", True: "true", False: "false"}

SIMPLE = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", NoneType: "null"}


@cache
def schema_type(hint: Any) -> Any:  # noqa: PLR0911 - one line a form of annotation
    """The msgspec type that checks trees of the annotation `hint`."""
    if hint in KINDS:
        return Union[tuple(_struct(cls, tag) for tag, cls in KINDS[hint].items())]  # noqa: UP007 - made at run time
    if is_dataclass(hint):
        return _struct(hint, None)
    if get_origin(hint) is tuple:
        return list[schema_type(get_args(hint)[0])]  # type: ignore[misc]
    if get_origin(hint) in (Union, UnionType):
        return Union[tuple(schema_type(part) for part in get_args(hint))]  # noqa: UP007
    if get_origin(hint) is Annotated:
        base, mark = get_args(hint)
        if isinstance(mark, OneOf):
            return Literal[mark.names]
        limits = {sign: limit for sign, limit in vars(mark).items() if limit not in (None, float("inf"))}
        return Annotated[base, msgspec.Meta(**limits)]
    return hint


def _struct(cls: Any, tag: str | None) -> Any:
    """A msgspec struct with the fields of the dataclass `cls`."""
    hints = get_type_hints(cls, include_extras=True)
    return msgspec.defstruct(
        cls.__name__,
        [_struct_field(field, hints[field.name]) for field in fields(cls)],
        tag=tag,
        tag_field=tag and "type",
        forbid_unknown_fields=True,
        kw_only=True,
    )


def _struct_field(field: Any, hint: Any) -> tuple[Any, ...]:
    if field.default is MISSING:
        return field.name, schema_type(hint)
    if type(field.default) in SIMPLE:
        return field.name, schema_type(hint), field.default
    return field.name, schema_type(hint) | msgspec.UnsetType, msgspec.UNSET


def json_schema(cls: type) -> dict[str, Any]:
    """The JSON Schema of the dataclass `cls`, for editors that complete and check YAML."""
    return msgspec.json.schema(schema_type(cls))


def describe(hint: Any) -> str:
    """What a value of the annotation `hint` may be, in words."""
    if hint in KINDS:
        return "a mapping whose type is one of " + ", ".join(KINDS[hint])
    if is_dataclass(hint):
        return "a mapping with the keys " + ", ".join(keys(hint))
    if get_origin(hint) is tuple:
        return "a list"
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(describe(part) for part in get_args(hint))
    if get_origin(hint) is Annotated:
        base, mark = get_args(hint)
        return f"{describe(base)} {mark}" if isinstance(mark, Bounds) else str(mark)
    return SIMPLE[hint]


def keys(hint: Any, tree: Tree = None) -> list[str]:
    """The keys that a mapping of the annotation `hint` may have, for a kind after the ``type`` that `tree` names."""
    if hint in KINDS:
        return ["type", *keys(KINDS[hint][tree["type"]])]
    return [field.name for field in fields(hint)]


def check_tree(cls: type, tree: Tree) -> None:
    """Check names, types and bounds of a whole tree.

    Raises:
        FieldError: The first thing that does not fit.
    """
    try:
        msgspec.convert(tree, schema_type(cls))
    except msgspec.ValidationError as error:
        problem, key, path = re.fullmatch(PROBLEM, str(error)).groups()  # type: ignore[union-attr]  # fits any text
        raise _explain(cls, tree, problem, key, (path or "").removeprefix(".")) from None


def _explain(cls: type, tree: Tree, problem: str | None, key: str, path: str) -> FieldError:
    """The message for the person who wrote the value at `path`, or the `key` in it that is unknown or missing."""
    hint, value = locate(cls, tree, path)
    if problem == "unknown":
        allowed = keys(_unwrap(hint), value)
        reason = f"there is no such key.{nearest(key, allowed)} Allowed here: {', '.join(allowed)}"
        return FieldError(f"{path}.{key}".lstrip("."), reason)
    if problem == "required":
        expected = describe(hint) if key == "type" else "the keys " + ", ".join(keys(_unwrap(hint), value))
        return FieldError(path, f'the key "{key}" is missing; expected {expected}')
    names = get_args(hint)[1].names if _is_name(hint) else ()
    close = nearest(str(value), list(names))
    return FieldError(path, f"found {shorten(value)}, expected {describe(hint)}{close and '.'}{close}")


def locate(hint: Any, tree: Tree, path: str) -> tuple[Any, Tree]:
    """The annotation and the value at `path` in a tree of the annotation `hint`."""
    for part in split_path(path):
        if isinstance(part, int):
            hint = get_args(hint)[0]
        else:
            hint = _unwrap(hint)
            if part == "type" and hint in KINDS:
                hint = Annotated[str, OneOf(KINDS[hint])]
            else:
                cls = KINDS[hint][tree["type"]] if hint in KINDS else hint
                hint = get_type_hints(cls, include_extras=True)[part]
        tree = tree[part]
    return hint, tree


def split_path(path: str) -> list[str | int]:
    """``layers[0].units`` as its parts: "layers", 0, "units"."""
    return [int(index) if index else name for index, name in re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)]


def shorten(value: Tree) -> str:
    """A value as it may stand in a message of one line."""
    text = repr(value) if not (value is None or isinstance(value, bool)) else YAML_WORDS[value]
    return text if len(text) <= MESSAGE_VALUE else text[: MESSAGE_VALUE - 3] + "..."


def build(hint: Any, tree: Tree, path: str = "") -> Any:
    """The instance that a checked tree stands for.

    Raises:
        FieldError: The values are right one by one and contradict each other, or a number is not finite.
    """
    hint = _unwrap(hint)
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        return tuple(build(item, part, f"{path}[{i}]") for i, part in enumerate(tree))
    if hint not in KINDS and not is_dataclass(hint):
        return float(tree) if hint is float or _base(hint) is float else tree
    if tree is None:
        return None
    cls = KINDS[hint][tree["type"]] if hint in KINDS else hint
    hints = get_type_hints(cls, include_extras=True)
    values = {
        name: build(hints[name], part, f"{path}.{name}".lstrip(".")) for name, part in tree.items() if name != "type"
    }
    try:
        return cls(**values)
    except FieldError as error:
        raise FieldError(f"{path}.{error.path}".lstrip("."), error.reason) from error


def to_tree(value: Any) -> Tree:
    """The tree that `build` makes `value` of."""
    if isinstance(value, tuple):
        return [to_tree(part) for part in value]
    if not is_dataclass(value):
        return value
    kind = next((name for registry in KINDS.values() for name, cls in registry.items() if type(value) is cls), None)
    tree = {field.name: to_tree(getattr(value, field.name)) for field in fields(value)}
    return {"type": kind, **tree} if kind else tree


def _unwrap(hint: Any) -> Any:
    """X of the annotation ``X | None``; any other annotation as it is."""
    return get_args(hint)[0] if get_origin(hint) in {Union, UnionType} else hint


def _base(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else None


def _is_name(hint: Any) -> bool:
    return get_origin(hint) is Annotated and isinstance(get_args(hint)[1], OneOf)
