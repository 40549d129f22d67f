"""One training on several ranks of MPI, as the first of them sees it; for the others see `nnfang.training.following`.

Each rank holds all that a training needs, θ and the optimizer's vectors included; what is shared is the work. Only the
first rank iterates over events, and before each it tells the others to go on. So they stand still while a run is saved,
and whatever ends the first rank between two events can be told to them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.errors import DivergedError, NnfangError
from nnfang.training.evaluation import Evaluation, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.core.arrays import Images, Labels
    from nnfang.core.layers import Layer
    from nnfang.core.network import Network
    from nnfang.machine.ranks import Ranks
    from nnfang.training.events import Event
    from nnfang.training.loop import Training
    from nnfang.training.recipe import Recipe
    from nnfang.training.state import TrainingState


class DisagreementError(NnfangError):
    """A rank came to other weights than the first: its processor, or its NumPy, computes otherwise."""


SHARED_ERRORS = DivergedError, DisagreementError
"""Errors to which all ranks come at once."""


@dataclass(frozen=True)
class Beginning:
    """A training begins: θ, the optimizer's vectors, the images and the labels are handed out next.

    Attributes:
        recipe: How.
        state: From where on.
        vectors: The names of the vectors.
        name: Of the data set.
        class_names: What each label stands for.
    """

    recipe: Recipe
    state: TrainingState
    vectors: tuple[str, ...]
    name: str
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """The training goes on to its next event; with `is_stopped` it ends after the epoch."""

    is_stopped: bool


@dataclass(frozen=True)
class Break:
    """The training goes no further."""


@dataclass(frozen=True)
class Question:
    """How good is a network on images? θ, the images and the labels are handed out next."""

    layers: tuple[Layer, ...]
    loss: str


@dataclass(frozen=True)
class Exit:
    """All processes end, with this exit code."""

    code: int


def lead(training: Training[Any], ranks: Ranks, events: Iterator[Event]) -> Iterator[Event]:
    """Train together with the ranks that follow.

    Args:
        training: Where it stands.
        ranks: All processes, of which this is the first.
        events: Of the training.

    Yields:
        These events.
    """
    data, vectors = training.data, training.engine.state
    ranks.tell(Beginning(training.recipe, training.state, tuple(vectors), data.name, data.class_names))
    with everybody_at_work(ranks):
        for array in (training.network.theta, *vectors.values(), data.x_train, data.y_train):
            ranks.hand_out(array)
    try:
        while True:
            ranks.tell(Step(training.is_stopped))
            with everybody_at_work(ranks):
                event = next(events, None)
            if event is None:
                return
            yield event
    except GeneratorExit:
        ranks.tell(Break())
        raise


def judge(ranks: Ranks, network: Network, loss: str, images: Images, labels: Labels) -> Evaluation:
    """How good a network is on images that only the first rank has, each rank looking at some of them."""
    ranks.tell(Question(network.layers, loss))
    with everybody_at_work(ranks):
        for array in (network.theta, images, labels):
            ranks.hand_out(array)
        return evaluate_share(ranks, network, loss, images, labels, np.arange(len(labels)))


@contextmanager
def everybody_at_work(ranks: Ranks) -> Iterator[None]:
    """Around what all ranks do: an error that not all of them come to leaves the others in the middle of it."""
    ranks.are_busy = True
    try:
        yield
    except SHARED_ERRORS:
        ranks.are_busy = False
        raise
    ranks.are_busy = False


def evaluate_share(
    ranks: Ranks, network: Network, loss: str, images: Images, labels: Labels, rows: Labels
) -> Evaluation:
    """What `evaluate` says of `rows`, each rank having looked at some of them."""
    own, classes = rows[ranks.rows(len(rows))], network.outputs
    sums = np.zeros(1 + classes * classes)
    if len(own):
        part = evaluate(network, loss, images, labels, own)
        sums[0], sums[1:] = part.loss * part.n, part.confusion.reshape(-1)
    ranks.add(sums)
    return Evaluation(float(sums[0]) / len(rows), sums[1:].astype(np.int64).reshape(classes, classes))


def check_agreement(ranks: Ranks, digest: str, epoch: int) -> None:
    """Compare the weights of all ranks by their digest.

    Raises:
        DisagreementError: They are not equal to the bit.
    """
    if others := ranks.compare(digest):
        names = ", ".join(map(str, others))
        raise DisagreementError(
            f"after epoch {epoch} the weights of rank {names} are not those of rank 0: "
            "the processors, or the versions of NumPy, do not compute alike"
        )
