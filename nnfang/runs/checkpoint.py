"""Checkpoints, format 1: one ``.npz`` file without pickle, which describes itself.

======================  ==============================================================================
member                  what
======================  ==============================================================================
meta                    one string: JSON of `Meta`
layers.<i>.weight       (units, inputs); i counts the layers that have parameters, from 0
layers.<i>.bias         (units,)
optimizer.<name>        (size,), the optimizer's flat vectors, where it has some; not in a network that is final
======================  ==============================================================================
"""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import Annotated, Any

import msgspec
import numpy as np

from nnfang import __version__
from nnfang.config.schema import read_tree
from nnfang.core.arrays import Array, Images, aligned_empty
from nnfang.core.constraints import FieldError, format_value
from nnfang.core.network import Network, layer_shapes
from nnfang.core.optimizers import State
from nnfang.errors import CheckpointError
from nnfang.runs.files import write_whole
from nnfang.training.recipe import Recipe
from nnfang.training.state import Position

FORMAT = 1
PARAMETER_NAMES = ("weight", "bias")
HEADER_BYTES = 4096
"""More than the header of any member: a member that is larger than its array by more than this is refused unread."""
META_BYTES = 64 * 2**20
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, TokenError),
    *(EOFError, LookupError, MemoryError, RuntimeError, SyntaxError, TypeError, ValueError),
)
"""What zipfile and NumPy raise on bytes that make no sense."""


class Tested(msgspec.Struct, frozen=True):
    """How a network did on test images.

    Attributes:
        dataset: Its name.
        images: How many they were.
        accuracy: Share of them that was classified rightly.
        interval: 95 % Wilson interval of the accuracy.
    """

    dataset: str
    images: int
    accuracy: float
    interval: tuple[float, float]


class Meta(msgspec.Struct, kw_only=True, frozen=True):
    """What a checkpoint says about itself.

    Attributes:
        config: The recipe, as a tree.
        input_shape: (height, width) of an image, or (features,).
        class_names: One an output.
        preparation: How a person's picture is made to look like the training images.
        epoch: Epochs trained.
        step: Steps trained.
        history: One entry an epoch.
        position: Where training stands, enough to go on from there.
        dataset: Name, fingerprint, and whether it stands in for another.
        environment: The machine it was trained on.
        engine: What it was trained with.
        parent: The run and the step that this one was forked from; None for most.
        retries: The learning rates given up, because training diverged with them, and when.
        is_final: Whether the network is for prediction only: without history and the optimizer's vectors.
        tested: How a final network did, where that is known.
        format: Of the file.
        nnfang: Version that wrote it.
        theta_sha256: Of θ's bytes; `save` fills it in.
    """

    config: dict[str, Any]
    input_shape: tuple[Annotated[int, msgspec.Meta(ge=1)], ...]
    class_names: tuple[str, ...]
    preparation: str
    epoch: int
    step: int
    history: list[dict[str, Any]]
    position: Position
    dataset: dict[str, Any]
    environment: dict[str, Any]
    engine: str
    parent: dict[str, Any] | None = None
    retries: list[dict[str, Any]] = []
    is_final: bool = False
    tested: Tested | None = None
    format: int = FORMAT
    nnfang: str = __version__
    theta_sha256: str = ""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network with what is known about it.

    Attributes:
        network: Ready to predict.
        recipe: How it was trained.
        meta: Everything else.
        state: The optimizer's vectors.
    """

    network: Network
    recipe: Recipe
    meta: Meta
    state: State

    @property
    def class_names(self) -> tuple[str, ...]:
        """One an output."""
        return self.meta.class_names

    def predict(self, images: Images) -> Array:
        """ŷ for each image (m, …), as `Network.predict`.  Returns (m, classes)."""
        return self.network.predict(images)


def save(path: Path, network: Network, meta: Meta, state: State, *, keep: Path | None = None) -> None:
    """Write a checkpoint beside `path`, then rename it: a reader finds the old file or the new one, never half of one.

    Raises:
        NnfangError: The file cannot be written.
    """
    members = dict(_named_parameters(network)) | {f"optimizer.{name}": vector for name, vector in state.items()}
    text = msgspec.json.encode(msgspec.structs.replace(meta, theta_sha256=network.theta_sha256)).decode()
    # An open file, because np.savez appends .npz to a name.
    write_whole(path, lambda file: np.savez(file, allow_pickle=False, meta=np.array(text), **members), keep=keep)


def save_final(path: Path, checkpoint: Checkpoint, tested: Tested | None) -> None:
    """Write a network for prediction only: a third of the size, or less, of one that training can go on with.

    Raises:
        NnfangError: The file cannot be written.
    """
    meta = msgspec.structs.replace(checkpoint.meta, is_final=True, history=[], tested=tested)
    save(path, checkpoint.network, meta, {})


def _named_parameters(network: Network) -> Iterator[tuple[str, Array]]:
    parameterised = [parameters for parameters in network.parameters if parameters]
    for i, parameters in enumerate(parameterised):
        for name, array in zip(PARAMETER_NAMES, parameters, strict=True):
            yield f"layers.{i}.{name}", array


def load(path: Path) -> Checkpoint:
    """Read a checkpoint and check it against its own config before any array is used.

    Raises:
        CheckpointError: There is no such file, it is no checkpoint, of a newer format, or damaged.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise CheckpointError(f"{path}: not a file, and a checkpoint can be read from a file only")
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename.removesuffix(".npy"): info.file_size for info in archive.infolist()}
        if sizes.get("meta", META_BYTES) >= META_BYTES:
            raise CheckpointError(f"{path}: not a checkpoint of nnfang: it has no member meta that can be read")
        with np.load(path, allow_pickle=False) as file:
            meta = _read_meta(path, file)
            return _read_arrays(path, file, meta, sizes)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise CheckpointError(f"{path}: a folder, not a checkpoint") from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from None
    except DAMAGE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].partition(". ")[0]
        raise CheckpointError(f"{path}: not a checkpoint, or damaged: {reason}") from None


def _read_meta(path: Path, file: Any) -> Meta:
    text = str(file["meta"])
    found = msgspec.json.decode(text, type=dict[str, Any]).get("format")
    if found != FORMAT:
        is_newer = isinstance(found, int) and found > FORMAT
        hint = ". A newer nnfang has written it: pip install --upgrade nnfang" if is_newer else ""
        raise CheckpointError(
            f"{path}: checkpoint format {format_value(found)}; nnfang {__version__} reads format {FORMAT}{hint}"
        )
    return msgspec.json.decode(text, type=Meta)


def _read_arrays(path: Path, file: Any, meta: Meta, sizes: dict[str, int]) -> Checkpoint:
    """Build the network that the config describes and fill it, member by member."""
    try:
        recipe: Recipe = read_tree(Recipe, meta.config)
    except FieldError as error:
        raise CheckpointError(f"{path}: its config is not valid: {error}") from None
    inputs = prod(meta.input_shape)
    parameters = sum(prod(shape) for shapes in layer_shapes(recipe.layers, inputs) for shape in shapes)
    if parameters * np.dtype(recipe.dtype).itemsize > path.stat().st_size:
        raise CheckpointError(f"{path}: its config needs {parameters} parameters, more than the file holds")
    network = Network(recipe.layers, inputs, aligned_empty((parameters,), recipe.dtype))
    state_names = () if meta.is_final else recipe.optimizer.state_names
    state = {name: np.zeros_like(network.theta) for name in state_names}
    expected = dict(_named_parameters(network)) | {f"optimizer.{name}": vector for name, vector in state.items()}
    _check_names(path, sizes, {"meta", *expected})
    for name, target in expected.items():
        if sizes[name] > target.nbytes + HEADER_BYTES:
            raise CheckpointError(f"{path}: {name} has {sizes[name]} bytes, expected {target.nbytes}")
        array = file[name]
        if array.shape != target.shape or array.dtype != target.dtype:
            found, wanted = f"{array.dtype} {array.shape}", f"{target.dtype} {target.shape}"
            raise CheckpointError(f"{path}: {name} is {found}, expected {wanted}")
        target[...] = array
    if network.theta_sha256 != meta.theta_sha256:
        raise CheckpointError(f"{path}: damaged: the weights are not those that were saved")
    if not all(np.isfinite(vector).all() for vector in (network.theta, *state.values())):
        raise CheckpointError(f"{path}: one of its numbers is infinite or none at all")
    at = meta.position
    if min(at.epoch, at.step, at.seen, at.right, at.best_epoch) < 0:
        raise CheckpointError(f"{path}: its position is impossible: {at}")
    if len(meta.class_names) != network.outputs:
        raise CheckpointError(f"{path}: {len(meta.class_names)} class names for {network.outputs} outputs")
    return Checkpoint(network, recipe, meta, state)


def _check_names(path: Path, found: Iterable[str], expected: set[str]) -> None:
    missing, foreign = sorted(expected - set(found)), sorted(set(found) - expected)
    if missing:
        raise CheckpointError(f"{path}: the member {missing[0]} is missing")
    if foreign:
        raise CheckpointError(f"{path}: the member {foreign[0]!r} does not belong in a checkpoint")
