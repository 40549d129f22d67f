"""What a checkpoint says about itself, as typed values; their names in the file are part of the format."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from nnfang import __version__
from nnfang.config.schema import to_tree
from nnfang.core.constraints import FieldError
from nnfang.runs.history import MOST_EPOCHS, check_columns, to_columns
from nnfang.training.events import Epoch
from nnfang.training.recipe import Recipe
from nnfang.training.state import TrainingState

if TYPE_CHECKING:
    from nnfang.data import Dataset

FORMAT = 2
"""What is written. Format 1, which is read as well, has its meta as UTF-32, with the history in it."""

LARGEST = 2**53
"""The largest count: floats hold it exactly."""

Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
Size = Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]
Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
Fingerprint = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{0,64}\Z")]
Text = Annotated[str, msgspec.Meta(max_length=5000)]
Preparation = Annotated[str, msgspec.Meta(pattern=r"\A(digit|negative|plain)\Z")]
Environment = Annotated[dict[str, Count | float | bool | Text | dict[str, Text] | None], msgspec.Meta(max_length=100)]
"""Facts by their names."""


class DatasetRecord(msgspec.Struct, frozen=True):
    """What a network was trained on.

    Attributes:
        name: What the data set is called.
        fingerprint: SHA-256 of its arrays.
        requested: What was asked for; another name where the data set stands in for one that was unavailable.
    """

    name: Text
    fingerprint: Fingerprint = ""
    requested: Text = ""


class StateRecord(msgspec.Struct, frozen=True):
    """Where training stood: the fields of `TrainingState`."""

    epoch: Count = 0
    step: Count = 0
    seen: Count = 0
    loss: float = 0.0
    correct: Count = msgspec.field(default=0, name="right")
    seconds: float = 0.0
    best_epoch: Count = 0
    best_value: float | None = None
    best_loss: float | None = None
    metric: Literal["val_loss", "val_accuracy", "val_accuracy, val_loss"] | None = None

    @classmethod
    def of(cls, state: TrainingState) -> "StateRecord":
        """A state as it is now."""
        return cls(**asdict(state))

    def restore(self) -> TrainingState:
        """A state to continue from."""
        return TrainingState(**msgspec.structs.asdict(self))


class ForkRecord(msgspec.Struct, frozen=True):
    """Where a run was forked from.

    Attributes:
        run: The folder of the other run.
        step: Where that stood.
        digest: Of its network then.
    """

    run: Text
    step: Count
    digest: Digest


class StartRecord(msgspec.Struct, frozen=True):
    """What a run began with in place of fresh weights.

    Attributes:
        model: The trained network, or the file of weights, as it was named.
        digest: Of the weights of the trained network, or of those that were imported.
        is_import: Whether they came from another program. Then they are what the run holds, and nothing was trained.
        new_layer: Whether the last layer began with fresh weights, because there were more or fewer classes.
    """

    model: Text
    digest: Digest
    is_import: bool = False
    new_layer: bool = False


class RetryRecord(msgspec.Struct, frozen=True):
    """A learning rate that was abandoned, because training diverged with it.

    Attributes:
        step: From which training was repeated.
        learning_rate: The one that was abandoned.
        reason: How training diverged.
    """

    step: Count
    learning_rate: float
    reason: Text


class DivergenceRecord(msgspec.Struct, frozen=True):
    """How a training ended that diverged: what diverged.json says.

    Attributes:
        step: Of the latest checkpoint then. Where that has gone further since, the record is out of date.
        learning_rate: A smaller one to try.
        reason: How training diverged.
    """

    step: Count
    learning_rate: float
    reason: Text


class TestRecord(msgspec.Struct, frozen=True):
    """How a network did on test images.

    Attributes:
        dataset: Its name.
        images: How many there were.
        accuracy: Fraction of them that was classified correctly.
        interval: 95% Wilson interval of the accuracy.
    """

    __test__ = False  # for pytest, which would take the name for that of a test

    dataset: Text
    images: Size
    accuracy: Fraction
    interval: tuple[Fraction, Fraction]


class Meta(msgspec.Struct, kw_only=True, frozen=True):
    """What a checkpoint says about itself.

    Attributes:
        config: The recipe, as a tree.
        input_shape: (height, width) of an image, or (features,).
        class_names: One per output.
        preparation: How a person's picture is made to look like the training images.
        epoch: Completed epochs.
        step: Completed steps.
        history: The completed epochs; empty in a network that is for inference only.
        state: Where training stands, enough to continue from there.
        dataset: What it was trained on.
        environment: The machine it was trained on.
        engine: The engine it was trained with.
        parent: Where the run was forked from; None for most.
        start: What it began with; None for fresh weights, and for a fork.
        retries: The learning rates that were abandoned.
        resumed: The steps from which the run was resumed; those of older versions are not known.
        inference_only: Whether history and the optimizer's vectors were left out.
        tested: How an exported network did, where that is known.
        format: Of the file.
        nnfang: The version that wrote it.
        theta_sha256: Of θ's bytes; filled in when the file is written.
    """

    config: dict[str, Any]
    input_shape: Annotated[tuple[Size, ...], msgspec.Meta(min_length=1, max_length=2)]
    class_names: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    preparation: Preparation
    epoch: Count = 0
    step: Count = 0
    history: tuple[Epoch, ...] = ()
    state: StateRecord = msgspec.field(name="position")
    dataset: DatasetRecord
    environment: Environment
    engine: Text
    parent: ForkRecord | None = None
    start: StartRecord | None = None
    retries: tuple[RetryRecord, ...] = ()
    resumed: tuple[Count, ...] = ()
    inference_only: bool = msgspec.field(default=False, name="is_final")
    tested: TestRecord | None = None
    format: int = FORMAT
    nnfang: Text = __version__
    theta_sha256: Fingerprint = ""


def describe_training(
    recipe: Recipe, data: "Dataset", *, engine: str, environment: dict[str, Any], requested: str | None = None
) -> Meta:
    """What stays the same throughout a training run, and that nothing has been trained yet.

    Args:
        recipe: How it is trained.
        data: What on.
        engine: Name of the engine.
        environment: The machine, see `nnfang.machine.description`.
        requested: What data set was asked for, where `data` stands in for it.

    Raises:
        FieldError: It has more epochs than a checkpoint can hold, and nothing in the recipe that ends it earlier.
    """
    if recipe.epochs > MOST_EPOCHS and not recipe.early_stopping:
        raise FieldError("epochs", f"found {recipe.epochs:,}, and a checkpoint can hold {MOST_EPOCHS:,}")
    return Meta(
        config=to_tree(recipe),
        input_shape=data.input_shape,
        class_names=data.class_names,
        preparation=data.preparation,
        state=StateRecord(),
        dataset=DatasetRecord(data.name, data.fingerprint, requested or data.name),
        environment=environment,
        engine=engine,
    )


def at_state(meta: Meta, state: TrainingState, history: tuple[Epoch, ...]) -> Meta:
    """The same description, of the network as it is at `state`."""
    return msgspec.structs.replace(
        meta, epoch=len(history), step=state.step, history=history, state=StateRecord.of(state)
    )


def check(meta: Meta) -> None:
    """Refuse what is right field by field, and contradicts itself.

    Raises:
        FieldError: A field contradicts another.
    """
    state, tested, start = meta.state, meta.tested, meta.start
    check_columns(to_columns(meta.history))
    for is_possible, path, reason in (
        (state.epoch == meta.epoch, "position.epoch", f"found {state.epoch}, but epoch is {meta.epoch}"),
        (state.step == meta.step, "position.step", f"found {state.step}, but step is {meta.step}"),
        (state.step >= state.epoch + bool(state.seen), "step", f"found {state.step} after {state.epoch} epochs"),
        (state.correct <= state.seen, "position.right", f"found {state.correct} of {state.seen} images"),
        (state.best_epoch <= state.epoch, "position.best_epoch", f"found {state.best_epoch} of {state.epoch}"),
        (
            len(meta.history) == (0 if meta.inference_only else meta.epoch),
            *("history", f"{len(meta.history)} epochs, but epoch is {meta.epoch}"),
        ),
        (not meta.parent or meta.parent.step <= meta.step, "parent.step", "later than the run that began there"),
        (not start or not meta.parent, "start", "a fork begins where the other run stands"),
        (
            not start or not start.is_import or not (meta.step or start.new_layer),
            *("start.is_import", "weights that were imported have not been trained"),
        ),
        (all(retry.step <= meta.step for retry in meta.retries), "retries", "later than the run that was repeated"),
        (all(step <= meta.step for step in meta.resumed), "resumed", "later than where the run stands"),
        (
            not tested or tested.interval[0] <= tested.accuracy <= tested.interval[1],
            *("tested.interval", "the accuracy is not in it"),
        ),
    ):
        if not is_possible:
            raise FieldError(path, reason)
