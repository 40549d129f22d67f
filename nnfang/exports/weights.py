"""Weights that other programs have trained: a matrix and a vector of each dense layer, by the names in a file.

==================  ==========================================================  ===============================
file                names                                                       a matrix is
==================  ==========================================================  ===============================
``.safetensors``    ``<layer>.weight`` and ``<layer>.bias``, as of PyTorch      (units, inputs), "out-in"
``.npz``            ``arr_0``, ``arr_1``, …: a matrix, its vector, and so on    (inputs, units), "in-out"
``.npz``            ``coefs_0`` and ``intercepts_0``, …, as of scikit-learn     likewise
``.npz``            ``W1`` and ``b1``, …                                        likewise
==================  ==========================================================  ===============================

Names, shapes and types are known before any of the numbers is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nnfang.core.constraints import shorten
from nnfang.errors import CheckpointError, ConfigError, NnfangError
from nnfang.exports.labels import META
from nnfang.runs.format import decode_meta
from nnfang.runs.members import Members, refusing_damage

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.core.arrays import Array
    from nnfang.runs.meta import Meta

Layout = Literal["in-out", "out-in"]
"""Whether a matrix is (inputs, units) or (units, inputs)."""

SAFETENSORS, NPZ = ".safetensors", ".npz"
FLOATS = {"F16": "float16", "F32": "float32", "F64": "float64"}
"""Types of safetensors -> those of NumPy."""

MOST_ARRAYS = 1000
"""In a file, which has two for each layer."""

HEADER_BYTES = 16 * 2**20
"""Bytes that the names, shapes and labels of a safetensors file may have."""

BY_NUMBER = (("coefs_", "intercepts_"), ("W", "b"))
WANTED = "arr_0, arr_1, … (a matrix, its vector, and so on), coefs_0, intercepts_0, … or W1, b1, …"

CONVERT = {
    ("pt", "pth", "bin", "ckpt"): "with PyTorch: safetensors.torch.save_file(model.state_dict(), 'w.safetensors')",
    ("h5", "hdf5", "keras"): "with Keras: numpy.savez('w.npz', *model.get_weights())",
    ("pkl", "pickle", "joblib", "skops"): (
        "with scikit-learn: numpy.savez('w.npz', *(a for pair in zip(mlp.coefs_, mlp.intercepts_) for a in pair))"
    ),
}
"""Endings of files that are not read, some of which would run what a stranger put into them -> how to write another."""


@dataclass(frozen=True)
class Tensor:
    """An array that has not been read yet.

    Attributes:
        name: In the file.
        shape: Of the array.
        dtype: Of its numbers, such as float32.
        read: Reads it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Array]

    def __str__(self) -> str:
        return f"{shorten(self.name)} {self.shape}"


@dataclass(frozen=True)
class Pair:
    """What a dense layer needs.

    Attributes:
        layer: The name of the layer; of numbered arrays, their number.
        matrix: Of its weights.
        vector: Of its biases.
    """

    layer: str
    matrix: Tensor
    vector: Tensor


@dataclass(frozen=True)
class Weights:
    """The weights in a file.

    Attributes:
        path: The file, of which errors speak.
        pairs: In the order of their names, in which numbers count as numbers.
        layout: How its matrices are laid out, unless somebody knows better.
        meta: What it says about the network in it, if nnfang exported it.
    """

    path: Path
    pairs: tuple[Pair, ...]
    layout: Layout
    meta: Meta | None = None


@contextmanager
def open_weights(path: Path) -> Iterator[Weights]:
    """Open a file of weights, which can be read as long as it is open.

    Raises:
        ConfigError: The ending of its name is that of another kind of file.
        CheckpointError: It cannot be read, or holds other arrays than those of dense layers.
        NnfangError: A library that reading it needs is not installed.
    """
    ending = path.suffix.lower()
    if ending == NPZ:
        with Members.open(path) as members:
            pairs = tuple(_pair_numbered(_list_members(members), path))
            check_types(pairs, path)
            yield Weights(path, pairs, "in-out")
    elif ending == SAFETENSORS:
        with _open_safetensors(path) as file:
            pairs = tuple(_pair_named(_list_tensors(file, path), path))
            check_types(pairs, path)
            labels = file.metadata() or {}
            meta = decode_meta(labels[META].encode(), path) if META in labels else None
            yield Weights(path, pairs, "out-in", meta)
    else:
        how = next((how for endings, how in CONVERT.items() if ending.removeprefix(".") in endings), "")
        raise ConfigError(f"weights are read from .safetensors and .npz{how and f'; {how}'}", path)


def _list_members(members: Members) -> dict[str, Tensor]:
    path = members.path
    if "meta.npy" in members.filenames:
        raise CheckpointError("a checkpoint of nnfang, which needs no import: -m names it as it is", path)
    _check_number(len(members.filenames), path)
    tensors = {}
    for name in (filename.removesuffix(".npy") for filename in members.filenames):
        header = members.read_header(name)
        read = _reader(members.read, name, header)
        tensors[name] = Tensor(name, header.shape, header.dtype.name, read)
    return tensors


def _reader(read: Callable[..., Array], *arguments: Any) -> Callable[[], Array]:
    return lambda: read(*arguments)


@contextmanager
def _open_safetensors(path: Path) -> Iterator[Any]:
    try:
        from safetensors import safe_open
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "safetensors":  # a fault of our own
            raise
        raise NnfangError("reading .safetensors needs safetensors: pip install 'nnfang[safetensors]'", path) from error
    with refusing_damage(path):
        if path.exists() and not path.is_file():
            raise CheckpointError("not a file", path)
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
        if size > HEADER_BYTES:
            raise CheckpointError(f"not safetensors, or damaged: its header has more than {HEADER_BYTES:,} bytes", path)
        opened = safe_open(path, "np")
    with opened as file:
        yield file


def _list_tensors(file: Any, path: Path) -> dict[str, Tensor]:
    names = file.keys()
    _check_number(len(names), path)

    def read(name: str) -> Array:
        with refusing_damage(path):
            array: Array = file.get_tensor(name)
        return array

    tensors = {}
    for name in names:
        part = file.get_slice(name)
        kind = part.get_dtype()
        tensors[name] = Tensor(name, tuple(part.get_shape()), FLOATS.get(kind, kind), _reader(read, name))
    return tensors


def _check_number(arrays: int, path: Path) -> None:
    if arrays > MOST_ARRAYS:
        raise CheckpointError(f"it holds {arrays:,} arrays; at most {MOST_ARRAYS:,} are read", path)


def check_types(pairs: Iterable[Pair], path: Path) -> None:
    """Refuse numbers that are no weights.

    Raises:
        CheckpointError: Some are of another type than `FLOATS`.
    """
    for tensor in (tensor for pair in pairs for tensor in (pair.matrix, pair.vector)):
        if tensor.dtype not in FLOATS.values():
            known = ", ".join(FLOATS.values())
            raise CheckpointError(f"{shorten(tensor.name)} is {shorten(tensor.dtype)}; weights are {known}", path)


def _pair_numbered(tensors: dict[str, Tensor], path: Path) -> Iterator[Pair]:
    """The arrays of an ``.npz`` file, which are known by their numbers."""
    places = [f"arr_{i}" for i in range(len(tensors))]
    if tensors.keys() == set(places) and len(places) % 2 == 0:
        for i in range(0, len(places), 2):
            yield Pair(str(i), tensors[places[i]], tensors[places[i + 1]])
        return
    for first, second in BY_NUMBER:
        numbers = [name.removeprefix(first) for name in tensors if re.fullmatch(rf"{first}[0-9]{{1,4}}", name)]
        if numbers and tensors.keys() == {f"{word}{number}" for word in (first, second) for number in numbers}:
            for number in sorted(numbers, key=int):
                yield Pair(number, tensors[f"{first}{number}"], tensors[f"{second}{number}"])
            return
    found = shorten(", ".join(sorted(tensors, key=natural_key)))
    raise CheckpointError(f"found the arrays {found or 'none'}, expected {WANTED}", path)


def _pair_named(tensors: dict[str, Tensor], path: Path) -> Iterator[Pair]:
    """The tensors of a safetensors file, which are known by the names of their layers."""
    layers = {}
    for name in tensors:
        found = re.fullmatch(r"((?:.*\.)?)(weight|bias)", name, re.DOTALL)
        if not found:
            reason = f"{shorten(name)} is neither the weight nor the bias of a dense layer, such as 0.weight and 0.bias"
            raise CheckpointError(reason, path)
        layers[found[1]] = found[1].removesuffix(".")
    for prefix, layer in sorted(layers.items(), key=lambda item: natural_key(item[1])):
        for part, other in (("weight", "bias"), ("bias", "weight")):
            if prefix + part not in tensors:
                hint = "; a layer without biases needs zeros there" if part == "bias" else ""
                there, missing = shorten(prefix + other), shorten(prefix + part)
                raise CheckpointError(f"{there} is there, but not {missing}{hint}", path)
        yield Pair(layer, tensors[f"{prefix}weight"], tensors[f"{prefix}bias"])


def natural_key(name: str) -> list[Any]:
    """Orders names so that numbers in them count as numbers: fc2 before fc10."""
    texts = re.split("([0-9]+)", name)
    return [(len(part.lstrip("0")), part.lstrip("0")) if i % 2 else part for i, part in enumerate(texts)]
