"""Checkpoints, format 1: one ``.npz`` file without pickle, which describes itself.

======================  ==============================================================================
member                  what
======================  ==============================================================================
meta                    one string: JSON of `nnfang.runs.meta.Meta`
layers.<i>.weight       (units, inputs); i counts the layers that have parameters, from 0
layers.<i>.bias         (units,)
optimizer.<name>        (size,), the optimizer's flat vectors, if any; not in a network for inference only
======================  ==============================================================================
"""

from __future__ import annotations

import logging
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from time import perf_counter
from tokenize import TokenError
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from nnfang import __version__
from nnfang.config.schema import read_tree
from nnfang.core.arrays import Array, Images, aligned_empty
from nnfang.core.constraints import FieldError, format_value
from nnfang.core.network import Network, layer_shapes
from nnfang.errors import CheckpointError
from nnfang.files import write_whole
from nnfang.runs.evaluation import Split, evaluate_checkpoint
from nnfang.runs.meta import FORMAT, Meta, TestRecord
from nnfang.training.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from os import PathLike

    from nnfang.core.optimizers import State
    from nnfang.data import Dataset
    from nnfang.runs.pictures import Prediction
    from nnfang.training.evaluation import Evaluation

logger = logging.getLogger(__name__)

PARAMETER_NAMES = ("weight", "bias")
HEADER_BYTES = 4096
"""More than the header of any member: a member that is larger than its array by more than this is refused unread."""
META_BYTES = 64 * 2**20
UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, TokenError),
    *(EOFError, LookupError, MemoryError, RuntimeError, SyntaxError, TypeError, ValueError),
)
"""What zipfile and NumPy raise on bytes that make no sense."""


@dataclass(frozen=True, eq=False, repr=False)
class Checkpoint:
    """A network with what is known about it.

    Attributes:
        network: Ready to predict.
        recipe: How it was trained.
        meta: Everything else.
        optimizer_state: The optimizer's vectors; empty in a network for inference only.
    """

    network: Network
    recipe: Recipe
    meta: Meta
    optimizer_state: State

    def __repr__(self) -> str:
        meta = self.meta
        return f"Checkpoint({self.network!r}, {meta.dataset.name}, epoch {meta.epoch}, step {meta.step})"

    @property
    def class_names(self) -> tuple[str, ...]:
        """One per output."""
        return self.meta.class_names

    def predict(self, images: Images) -> Array:
        """ŷ for each image (m, …), as `Network.predict`.  Returns (m, classes)."""
        return self.network.predict(images)

    def evaluate(self, data: Dataset, split: Split = "test") -> Evaluation:
        """Loss, accuracy and confusion on the test images of a data set, or on the images of its own training.

        Raises:
            DataError: The data set does not fit, or its training images are not those of this training.
        """
        return evaluate_checkpoint(self, data, split)

    def predict_pictures(self, pictures: Iterable[str | PathLike[str]], *, raw: bool = False) -> list[Prediction]:
        """Read pictures, prepare them as this network needs them, and predict them.

        Args:
            pictures: Files, folders, patterns such as ``scans/*.png``, or samples such as ``sample:7``.
            raw: Whether a picture is taken as it is: only made grey and resized, not inverted.

        Raises:
            PictureError: One cannot be read, or shows nothing.
            NnfangError: The network's inputs are no pictures.
        """
        from nnfang.runs.pictures import predict_pictures  # Pillow, which nothing else here needs

        predictions = []
        for prediction in predict_pictures(self, pictures, raw=raw):
            if isinstance(prediction, tuple):
                raise prediction[1]
            predictions.append(prediction)
        return predictions

    def save(self, path: str | Path) -> None:
        """Write a file that `nnfang.load` reads; an existing one is replaced.

        Raises:
            NnfangError: The file cannot be written.
        """
        save(Path(path), self.network, self.meta, self.optimizer_state)

    def for_inference(self, tested: TestRecord | None = None) -> Checkpoint:
        """The same without what only training needs: a third of the size, or less."""
        meta = msgspec.structs.replace(self.meta, inference_only=True, history=(), tested=tested or self.meta.tested)
        return Checkpoint(self.network, self.recipe, meta, {})


def save(path: Path, network: Network, meta: Meta, optimizer_state: State, *, keep_old_as: Path | None = None) -> None:
    """Write a checkpoint beside `path`, then rename it: a reader finds the old file or the new one, never half of one.

    Args:
        path: The file.
        network: Its θ is written.
        meta: What the file says about itself.
        optimizer_state: The optimizer's vectors.
        keep_old_as: The name under which the file that is replaced stays.

    Raises:
        NnfangError: The file cannot be written.
    """
    members = _name_arrays(network, optimizer_state)
    text = msgspec.json.encode(msgspec.structs.replace(meta, theta_sha256=network.theta_sha256)).decode()
    # An open file, because np.savez appends .npz to a name.
    write_whole(
        path, lambda file: np.savez(file, allow_pickle=False, meta=np.array(text), **members), keep_old_as=keep_old_as
    )


def _name_arrays(network: Network, optimizer_state: State) -> dict[str, Array]:
    """The arrays of a checkpoint by the names of their members."""
    parameterised = [parameters for parameters in network.parameters if parameters]
    return {
        f"layers.{i}.{name}": array
        for i, parameters in enumerate(parameterised)
        for name, array in zip(PARAMETER_NAMES, parameters, strict=True)
    } | {f"optimizer.{name}": vector for name, vector in optimizer_state.items()}


def load(path: Path) -> Checkpoint:
    """Read a checkpoint and check it against its own config before any array is used.

    Raises:
        CheckpointError: There is no such file, it is no checkpoint, of a newer format, or damaged.
    """
    begin = perf_counter()
    with _open(path) as (file, sizes):
        checkpoint = _read(path, file, sizes)
    logger.info("Read %s (epoch %d) in %.0f ms", path, checkpoint.meta.epoch, 1000 * (perf_counter() - begin))
    return checkpoint


def load_meta(path: Path) -> Meta:
    """Read only what a checkpoint says about itself.

    Raises:
        CheckpointError: As `load`, but for what is wrong with an array.
    """
    with _open(path) as (file, _):
        return _read_meta(path, file)


@contextmanager
def _open(path: Path) -> Iterator[tuple[Mapping[str, Any], dict[str, int]]]:
    """The members of a checkpoint, which are read when they are asked for, and their sizes in bytes."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise CheckpointError("not a file, and a checkpoint can be read from a file only", path)
    with _refusing_damage(path), zipfile.ZipFile(path) as archive:
        sizes = {info.filename.removesuffix(".npy"): info.file_size for info in archive.infolist()}
    if not 0 < sizes.get("meta", 0) < META_BYTES:
        raise CheckpointError("not a checkpoint of nnfang: it has no member meta that can be read", path)
    with _refusing_damage(path):
        file = np.load(path, allow_pickle=False)
    if isinstance(file, np.ndarray):
        raise CheckpointError("not a checkpoint, or damaged: it begins with a single array", path)
    with file:
        yield file, sizes


def _read(path: Path, file: Mapping[str, Any], sizes: dict[str, int]) -> Checkpoint:
    """Build the network that the config describes and fill it, member by member."""
    meta = _read_meta(path, file)
    try:
        recipe: Recipe = read_tree(Recipe, meta.config)
    except FieldError as error:
        raise CheckpointError(f"its config is not valid: {error}", path) from error
    network = _allocate(path, recipe, prod(meta.input_shape))
    state_names = () if meta.inference_only else recipe.optimizer.state_names
    optimizer_state = {name: np.zeros_like(network.theta) for name in state_names}
    arrays = _name_arrays(network, optimizer_state)
    _check_names(path, sizes, {"meta", *arrays})
    for name, target in arrays.items():
        _read_array(path, file, name, sizes[name], target)
    if network.theta_sha256 != meta.theta_sha256:
        raise CheckpointError("damaged: the weights are not those that were saved", path)
    if not all(np.isfinite(vector).all() for vector in (network.theta, *optimizer_state.values())):
        raise CheckpointError("one of its numbers is infinite or not a number", path)
    if len(meta.class_names) != network.outputs:
        raise CheckpointError(f"{len(meta.class_names)} class names for {network.outputs} outputs", path)
    return Checkpoint(network, recipe, meta, optimizer_state)


def _read_meta(path: Path, file: Mapping[str, Any]) -> Meta:
    with _refusing_damage(path):
        text = str(file["meta"])
        found = msgspec.json.decode(text, type=dict[str, Any]).get("format")
    if found != FORMAT:
        is_newer = isinstance(found, int) and found > FORMAT
        hint = ". It was written by a newer nnfang: pip install --upgrade nnfang" if is_newer else ""
        raise CheckpointError(
            f"checkpoint format {format_value(found)}; nnfang {__version__} reads format {FORMAT}{hint}", path
        )
    with _refusing_damage(path):
        return msgspec.json.decode(text, type=Meta)


def _allocate(path: Path, recipe: Recipe, inputs: int) -> Network:
    """An empty network, unless the file is too small to hold it."""
    parameters = sum(prod(shape) for shapes in layer_shapes(recipe.layers, inputs) for shape in shapes)
    if parameters * np.dtype(recipe.dtype).itemsize > path.stat().st_size:
        raise CheckpointError(f"its config needs {parameters} parameters, more than the file holds", path)
    return Network(recipe.layers, inputs, aligned_empty((parameters,), recipe.dtype))


def _read_array(path: Path, file: Mapping[str, Any], name: str, size: int, target: Array) -> None:
    if size > target.nbytes + HEADER_BYTES:
        raise CheckpointError(f"{name} has {size} bytes, expected {target.nbytes}", path)
    with _refusing_damage(path):
        array = file[name]
    if array.shape != target.shape or array.dtype != target.dtype:
        found, wanted = f"{array.dtype} {array.shape}", f"{target.dtype} {target.shape}"
        raise CheckpointError(f"{name} is {found}, expected {wanted}", path)
    target[...] = array


def _check_names(path: Path, found: Iterable[str], expected: set[str]) -> None:
    missing, foreign = sorted(expected - set(found)), sorted(set(found) - expected)
    if missing:
        raise CheckpointError(f"the member {missing[0]} is missing", path)
    if foreign:
        raise CheckpointError(f"the member {foreign[0]!r} does not belong in a checkpoint", path)


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    """Around calls of zipfile, NumPy and msgspec, which raise almost anything on a damaged file; nothing of ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise CheckpointError("there is no such file", path) from error
    except IsADirectoryError as error:
        raise CheckpointError("a folder, not a checkpoint", path) from error
    except OSError as error:
        raise CheckpointError(f"cannot be read: {error.strerror or error}", path) from error
    except UNREADABLE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].partition(". ")[0]
        raise CheckpointError(f"not a checkpoint, or damaged: {reason}", path) from error
