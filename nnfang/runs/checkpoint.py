"""Checkpoints: one ``.npz`` file without pickle, which describes itself.

======================  ==============================================================================
member                  what
======================  ==============================================================================
meta                    (bytes,): JSON of `nnfang.runs.meta.Meta` but for the history, in UTF-8
history.<field>         (epochs,), a field of each completed epoch; not in a network for inference only
layers.<i>.weight       (units, inputs); i counts the layers that have parameters, from 0
layers.<i>.bias         (units,)
optimizer.<name>        (size,), the optimizer's flat vectors, if any; not in a network for inference only
familiarity.<name>      what `nnfang.training.familiarity` knows of the training images; only once training is over
======================  ==============================================================================

That is format 2. In format 1 meta is one string, of four bytes per character, with the history in its JSON.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from io import BytesIO
from math import prod
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.arrays import Array, Images, aligned_empty
from nnfang.core.constraints import FieldError, format_value
from nnfang.core.network import Network, layer_shapes
from nnfang.errors import CheckpointError
from nnfang.files import write_whole
from nnfang.runs.classifier import Classifier
from nnfang.runs.contents import FAMILIARITY, check_fit, name_arrays, name_members
from nnfang.runs.evaluation import choose_images
from nnfang.runs.format import name_columns, read_meta, read_recipe
from nnfang.runs.members import Members
from nnfang.runs.meta import FORMAT, Meta, TestRecord
from nnfang.runs.publication import for_inference, name_in_public
from nnfang.training.evaluation import evaluate, measure_losses
from nnfang.training.familiarity import Familiarity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    import numpy.typing as npt

    from nnfang.core.arrays import Labels
    from nnfang.core.optimizers import State
    from nnfang.data import Dataset
    from nnfang.runs.evaluation import Split
    from nnfang.runs.explanation import Explanation
    from nnfang.training.evaluation import Evaluation
    from nnfang.training.recipe import Recipe

logger = logging.getLogger(__name__)

DEFLATION_LIMIT = 16
"""Bytes known of the training images per byte of a file that may be compressed: one of zeros would have 1,000."""

WIDTH_LIMIT = 8
"""Units of all layers, those of dropout layers included, per parameter: a network has far less."""


@dataclass(frozen=True, eq=False, repr=False)
class Checkpoint(Classifier):
    """A network with what is known about it.

    Attributes:
        network: Ready to predict.
        recipe: How it was trained.
        meta: Everything else.
        optimizer_state: The optimizer's vectors; empty in a network for inference only.
        familiarity: What tells how much an image is like those of the training, where that is known.
    """

    network: Network
    recipe: Recipe
    meta: Meta
    optimizer_state: State
    familiarity: Familiarity | None = None

    def __repr__(self) -> str:
        meta = self.meta
        return f"Checkpoint({self.network!r}, {meta.dataset.name}, epoch {meta.epoch}, step {meta.step})"

    @property
    def class_names(self) -> tuple[str, ...]:
        """One per output."""
        return self.meta.class_names

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Height and width of an image, or how many numbers an input is."""
        return self.meta.input_shape

    @property
    def preparation(self) -> str:
        """How pictures are made into inputs, see `nnfang.images`."""
        return self.meta.preparation

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Of its outputs, and of all its numbers."""
        return self.network.dtype

    @property
    def gives_probabilities(self) -> bool:
        """Whether the outputs are probabilities, rather than scores."""
        return self.network.output_activation == "softmax"

    @property
    def trained_on(self) -> str:
        """The name or path of the data set that it was trained on."""
        return self.recipe.dataset

    def predict(self, images: Images) -> Array:
        """ŷ for each image (m, …), as `Network.predict`.  Returns (m, classes)."""
        return self.network.predict(images)

    def judge(self, images: Images, labels: Labels, rows: Labels, outputs: Array) -> Evaluation:
        """Loss and confusion on some of the images, see `nnfang.training.evaluation.evaluate`."""
        return evaluate(self.network, self.recipe.loss, images, labels, rows, outputs)

    def measure_losses(self, images: Images, labels: Labels) -> npt.NDArray[np.float64]:
        """The loss of each image by itself, for a few images (n, …).  Returns (n,)."""
        return measure_losses(self.network, self.recipe.loss, images, labels)

    def choose_images(self, data: Dataset, split: Split) -> tuple[Images, Labels, Labels | None]:
        """The images of a split, see `nnfang.runs.evaluation.choose_images`."""
        return choose_images(self, data, split)

    def explain(self, picture: str | PathLike[str], *, raw: bool = False, data: Dataset | None = None) -> Explanation:
        """Predict a picture, and tell why; for arguments and errors see `nnfang.runs.explanation.explain_picture`."""
        from nnfang.runs.explanation import explain_picture  # Pillow, which nothing else here needs

        return explain_picture(self, picture, raw=raw, data=data)

    def save(self, path: str | Path) -> None:
        """Write a file that `nnfang.load` reads; an existing one is replaced.

        Raises:
            NnfangError: The file cannot be written.
        """
        save(Path(path), self.network, self.meta, self.optimizer_state, familiarity=self.familiarity)

    def for_inference(self, tested: TestRecord | None = None, *, origin: bool = False) -> Checkpoint:
        """The same without what only training needs, and without what tells of the computer that it was trained on.

        Args:
            tested: How the network did on test images, where that is known.
            origin: Whether to keep what tells of that computer.
        """
        recipe = self.recipe if origin else replace(self.recipe, dataset=name_in_public(self.recipe.dataset))
        meta = for_inference(self.meta, recipe, tested, origin=origin)
        return Checkpoint(self.network, recipe, meta, {}, self.familiarity)


def save(
    path: Path,
    network: Network,
    meta: Meta,
    optimizer_state: State,
    *,
    familiarity: Familiarity | None = None,
    keep_old_as: Path | None = None,
) -> None:
    """Write a checkpoint beside `path`, then rename it: a reader finds the old file or the new one, never half of one.

    Args:
        path: The file.
        network: Its θ is written.
        meta: What the file says about itself.
        optimizer_state: The optimizer's vectors.
        familiarity: What is known of the training images.
        keep_old_as: The name under which the file that is replaced stays.

    Raises:
        NnfangError: The file cannot be written, or `load` would refuse it.
    """
    members = name_members(path, network, meta, optimizer_state, familiarity)
    # An open file, because np.savez appends .npz to a name.
    write_whole(path, lambda file: np.savez(file, allow_pickle=False, **members), keep_old_as=keep_old_as)


def encode(checkpoint: Checkpoint) -> bytes:
    """The bytes of the file that `Checkpoint.save` would write.

    Raises:
        NnfangError: `load` would refuse it.
    """
    file = BytesIO()
    numbers = checkpoint.optimizer_state, checkpoint.familiarity
    np.savez(file, allow_pickle=False, **name_members(None, checkpoint.network, checkpoint.meta, *numbers))
    return file.getvalue()


def load(path: Path) -> Checkpoint:
    """Read a checkpoint and check it against its own config before any array is used.

    Raises:
        CheckpointError: There is no such file, it is no checkpoint, of a newer format, or damaged.
    """
    begin = perf_counter()
    with Members.open(path) as members:
        checkpoint = _read(members)
    logger.info("Read %s (epoch %d) in %.0f ms", path, checkpoint.meta.epoch, 1000 * (perf_counter() - begin))
    return checkpoint


def load_meta(path: Path) -> Meta:
    """Read only what a checkpoint says about itself.

    Raises:
        CheckpointError: As `load`, but for what is wrong with an array.
    """
    with Members.open(path) as members:
        return read_meta(members)


def _read(members: Members) -> Checkpoint:
    """Build the network that the config describes and fill it, member by member."""
    meta = read_meta(members)
    checkpoint = allocate(meta, members.path, members.size)
    if any(name.startswith(FAMILIARITY) for name in members.filenames):
        classes = checkpoint.network.outputs
        if Familiarity.count_bytes(classes) > DEFLATION_LIMIT * members.size:
            raise CheckpointError("what it knows of its training images is larger than the file can hold", members.path)
        checkpoint = replace(checkpoint, familiarity=Familiarity.allocate(classes))
    arrays = name_arrays(checkpoint.network, checkpoint.optimizer_state, checkpoint.familiarity)
    columns = name_columns(meta) if meta.format == FORMAT else {}
    _check_names(members, {"meta", *columns, *arrays})
    for name, target in arrays.items():
        target[...] = members.read_as(name, target.dtype, target.shape)
    check_weights(checkpoint, members.path)
    return checkpoint


def allocate(meta: Meta, path: Path, size: int) -> Checkpoint:
    """A checkpoint without its numbers, unless the file is too small to hold them.

    Args:
        meta: What the file says.
        path: The file, of which errors speak.
        size: Its bytes.

    Raises:
        CheckpointError: It describes no network, or one larger than the file.
    """
    recipe = read_recipe(meta, path)
    inputs = prod(meta.input_shape)
    shapes = list(layer_shapes(recipe.layers, inputs))
    parameters = sum(prod(shape) for layer in shapes for shape in layer)
    if parameters * np.dtype(recipe.dtype).itemsize > size:
        raise CheckpointError(f"its config needs {format_value(parameters)} parameters, more than the file holds", path)
    network = Network(recipe.layers, inputs, aligned_empty((parameters,), recipe.dtype))
    if sum(network.widths) > WIDTH_LIMIT * parameters:
        raise CheckpointError("its layers would need more memory than any network of its size", path)
    state_names = () if meta.inference_only else recipe.optimizer.state_names
    return Checkpoint(network, recipe, meta, {name: np.zeros_like(network.theta) for name in state_names})


def check_weights(checkpoint: Checkpoint, path: Path) -> None:
    """Refuse a network, now that its numbers are there, that is not the one that was saved.

    Raises:
        CheckpointError: It is another, or does not fit to what the file says.
    """
    if checkpoint.network.theta_sha256 != checkpoint.meta.theta_sha256:
        raise CheckpointError("damaged: the weights are not those that were saved", path)
    try:
        check_fit(checkpoint.network, checkpoint.meta)
        if checkpoint.familiarity:
            checkpoint.familiarity.check()
    except FieldError as error:
        raise CheckpointError(error.reason, path) from error


def _check_names(members: Members, names: Iterable[str]) -> None:
    expected = {f"{name}.npy" for name in names}
    missing, foreign = sorted(expected - members.filenames), sorted(members.filenames - expected)
    if missing:
        raise CheckpointError(f"the member {missing[0].removesuffix('.npy')} is missing", members.path)
    if foreign:
        shown = format_value(foreign[0].removesuffix(".npy"))
        raise CheckpointError(f"the member {shown} does not belong in a checkpoint", members.path)
