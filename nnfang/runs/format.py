"""What a checkpoint says about itself <-> the members of its file; the formats differ in nothing else.

Format 2 has the JSON of `nnfang.runs.meta.Meta` as bytes, and an array for each field of the history. In format 1,
which is read forever, it is one string of four bytes per character, with the history in the JSON.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from nnfang import __version__
from nnfang.config.schema import read_tree
from nnfang.core.constraints import FieldError, format_value, shorten
from nnfang.errors import CheckpointError
from nnfang.runs.history import DTYPES, MOST_EPOCHS, from_columns, to_columns
from nnfang.runs.members import refusing_damage
from nnfang.runs.meta import FORMAT, Meta, check
from nnfang.training.recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from nnfang.runs.members import Members
    from nnfang.training.events import Epoch

META_BYTES = 4 * 2**20
"""Bytes that the JSON may have without the history."""

TEXT_BYTES = 64 * 2**20
"""Bytes that the string of format 1 may have."""


def encode_meta(meta: Meta) -> npt.NDArray[np.uint8]:
    """The member meta, as a reader accepts it.

    Raises:
        ValueError: A reader would refuse it.
        MsgspecError: Likewise.
    """
    check(meta)
    tree = msgspec.to_builtins(msgspec.structs.replace(meta, history=()))
    del tree["history"]
    text = msgspec.json.encode(tree)
    if len(text) > META_BYTES:
        raise ValueError(f"what it says about itself has {len(text):,} bytes; at most {META_BYTES:,} are read")
    msgspec.json.decode(text, type=Meta)
    return np.frombuffer(text, np.uint8)


def name_columns(meta: Meta) -> dict[str, npt.NDArray[Any]]:
    """The history of a checkpoint of format 2 by the names of its members."""
    if meta.inference_only:
        return {}
    return {f"history.{name}": column for name, column in to_columns(meta.history).items()}


class _Outline(msgspec.Struct):
    """What tells how to read meta, before any of it is."""

    format: msgspec.Raw = msgspec.Raw(b"null")
    history: msgspec.Raw = msgspec.Raw()


def read_meta(members: Members) -> Meta:
    """What a checkpoint says about itself.

    Raises:
        CheckpointError: It is no checkpoint, of a newer format, damaged, or contradicts itself.
    """
    meta = _decode(_read_text(members), members.path)
    if meta.format == FORMAT:
        meta = msgspec.structs.replace(meta, history=() if meta.inference_only else _read_history(members))
    return _checked(meta, members.path)


def decode_meta(text: bytes, path: Path) -> Meta:
    """What a network for inference only says about itself, which is in a file of another kind.

    Args:
        text: The JSON of `encode_meta`.
        path: The file, of which errors speak.

    Raises:
        CheckpointError: It is of a newer format, damaged, or contradicts itself; or is not for inference only.
    """
    meta = _decode(text, path)
    if not meta.inference_only:
        raise CheckpointError("damaged: only a checkpoint can be more than a network for inference", path)
    return _checked(meta, path)


def _decode(text: bytes, path: Path) -> Meta:
    with refusing_damage(path):
        outline = msgspec.json.decode(text, type=_Outline)
    found = bytes(outline.format).decode()
    if found not in {"1", str(FORMAT)}:
        is_newer = found.isdecimal() and (len(found) > 1 or found > str(FORMAT))
        hint = ". It was written by a newer nnfang: pip install --upgrade nnfang" if is_newer else ""
        raise CheckpointError(
            f"checkpoint format {shorten(found)}; nnfang {__version__} reads formats 1 and {FORMAT}{hint}", path
        )
    if len(text) - len(bytes(outline.history)) > META_BYTES:
        raise CheckpointError(f"what it says about itself has more than {META_BYTES:,} bytes", path)
    with refusing_damage(path):
        meta: Meta = msgspec.json.decode(text, type=Meta)
    return meta


def _checked(meta: Meta, path: Path) -> Meta:
    try:
        check(meta)
    except FieldError as error:
        raise CheckpointError(f"contradicts itself: {error}", path) from error
    return meta


def read_recipe(meta: Meta, path: Path) -> Recipe:
    """How a network was trained.

    Args:
        meta: What a file says.
        path: The file, of which errors speak.

    Raises:
        CheckpointError: Its config is not valid.
    """
    try:
        recipe: Recipe = read_tree(Recipe, meta.config)
        replace(recipe, engine=meta.engine)
    except FieldError as error:
        raise CheckpointError(f"its config is not valid: {error}", path) from error
    return recipe


def _read_text(members: Members) -> bytes:
    """The JSON in the member meta: bytes, or in format 1 a string."""
    if "meta.npy" not in members.filenames:
        raise CheckpointError("not a checkpoint of nnfang: it has no member meta", members.path)
    header = members.read_header("meta")
    is_text, is_bytes = (header.dtype.kind, header.shape) == ("U", ()), header.dtype == np.uint8
    if not is_text and not is_bytes:
        raise CheckpointError(f"not a checkpoint of nnfang: its member meta is {header}", members.path)
    size = header.dtype.itemsize * prod(header.shape)
    if size > (TEXT_BYTES if is_text else META_BYTES):
        raise CheckpointError(f"what it says about itself has {format_value(size)} bytes", members.path)
    array = members.read("meta", header)
    with refusing_damage(members.path):
        return str(array).encode() if is_text else array.tobytes()


def _read_history(members: Members) -> tuple[Epoch, ...]:
    header = members.read_header("history.epoch")
    if len(header.shape) != 1 or header.shape[0] > MOST_EPOCHS:
        raise CheckpointError(f"its history is {header}; at most ({MOST_EPOCHS},) is read", members.path)
    columns = {name: members.read_as(f"history.{name}", dtype, header.shape) for name, dtype in DTYPES.items()}
    return from_columns(columns)
