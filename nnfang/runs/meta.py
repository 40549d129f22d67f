"""What a checkpoint of format 1 says about itself, as typed values; their names in the file are part of the format."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from nnfang import __version__
from nnfang.config.schema import to_tree
from nnfang.training.events import Epoch
from nnfang.training.recipe import Recipe
from nnfang.training.state import TrainingState

if TYPE_CHECKING:
    from nnfang.data import Dataset

FORMAT = 1

Count = Annotated[int, msgspec.Meta(ge=0)]


class DatasetRecord(msgspec.Struct, frozen=True):
    """What a network was trained on.

    Attributes:
        name: What the data set is called.
        fingerprint: SHA-256 of its arrays.
        requested: What was asked for; another name where the data set stands in for one that was unavailable.
    """

    name: str
    fingerprint: str = ""
    requested: str = ""


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
    metric: str | None = None

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

    run: str
    step: int
    digest: str


class RetryRecord(msgspec.Struct, frozen=True):
    """A learning rate that was abandoned, because training diverged with it.

    Attributes:
        step: From which training was repeated.
        learning_rate: The one that was abandoned.
        reason: How training diverged.
    """

    step: int
    learning_rate: float
    reason: str


class TestRecord(msgspec.Struct, frozen=True):
    """How a network did on test images.

    Attributes:
        dataset: Its name.
        images: How many there were.
        accuracy: Fraction of them that was classified correctly.
        interval: 95% Wilson interval of the accuracy.
    """

    __test__ = False  # for pytest, which would take the name for that of a test

    dataset: str
    images: int
    accuracy: float
    interval: tuple[float, float]


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
        retries: The learning rates that were abandoned.
        inference_only: Whether history and the optimizer's vectors were left out.
        tested: How an exported network did, where that is known.
        format: Of the file.
        nnfang: The version that wrote it.
        theta_sha256: Of θ's bytes; filled in when the file is written.
    """

    config: dict[str, Any]
    input_shape: tuple[Annotated[int, msgspec.Meta(ge=1)], ...]
    class_names: tuple[str, ...]
    preparation: str
    epoch: Count = 0
    step: Count = 0
    history: tuple[Epoch, ...] = ()
    state: StateRecord = msgspec.field(name="position")
    dataset: DatasetRecord
    environment: dict[str, Any]
    engine: str
    parent: ForkRecord | None = None
    retries: tuple[RetryRecord, ...] = ()
    inference_only: bool = msgspec.field(default=False, name="is_final")
    tested: TestRecord | None = None
    format: int = FORMAT
    nnfang: str = __version__
    theta_sha256: str = ""


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
    """
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
