"""Training on a table of numbers, until its loss or its validation images say that it is enough."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from nnfang.core.constraints import FieldError
from nnfang.training.events import End, Epoch
from nnfang.training.loop import train

if TYPE_CHECKING:
    from nnfang.core.arrays import Array, Labels
    from nnfang.core.network import Network
    from nnfang.core.optimizers import State
    from nnfang.training.loop import Training
    from nnfang.training.recipe import Recipe
    from nnfang.training.state import TrainingState


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of numbers of any size: what `nnfang.training.examples.Examples` asks for.

    Attributes:
        x_train: (n, features).
        y_train: (n,), each the number of a class.
        class_names: What each label stands for.
    """

    x_train: Array
    y_train: Labels
    class_names: tuple[str, ...]
    name: str = "the table"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(features,)."""
        return self.x_train.shape[1:]


def tabulate(X: Array, labels: Labels, classes: Any, scaler: Any) -> Table:
    """Rows as they are trained on.  X (n, features); `scaler` standardises them, or is None."""
    return Table(X if scaler is None else scaler.transform(X), labels, tuple(map(str, classes)))


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A network as it was at some time, and what it takes to train it on from there.

    Attributes:
        network: The network.
        vectors: The optimizer's.
        state: Where training stood.
    """

    network: Network
    vectors: State
    state: TrainingState

    @classmethod
    def of(cls, training: Training[Table]) -> Snapshot:
        """A training as it is now, and changes when that goes on."""
        return cls(training.network, training.engine.state, training.state)


def begin(
    network: Network,
    table: Table,
    recipe: Recipe,
    state: TrainingState | None = None,
    vectors: State | None = None,
) -> Training[Table]:
    """A training, before its first step.

    Raises:
        FieldError: Nothing is left to train on or to validate with; or the network was made with other parameters.
    """
    if vectors is not None and set(vectors) != set(recipe.optimizer.state_names):
        raise FieldError("solver", "another than this network was trained with, which cannot go on from there")
    try:
        return train(network, table, recipe, state, vectors)
    except FieldError as error:
        if error.path == "validation_split":
            reason = f"{recipe.validation_split} of {len(table.y_train)} rows leaves none to train on, or none to watch"
            raise FieldError("validation_fraction", reason) from error
        if error.path == "layers":
            raise FieldError("hidden_layer_sizes", error.reason) from error
        raise


def train_through(
    training: Training[Table], tol: float = 0.0, patience: float = inf
) -> tuple[Snapshot, list[Epoch], bool]:
    """Train until the validation rows, or where there are none the loss, no longer improve, or all epochs are over.

    Args:
        training: Before its first step, or wherever it was left.
        tol: A loss that has not become smaller by this much is no better; as in MLPClassifier.
        patience: Epochs in a row without a better loss after which training stops.

    Returns:
        The network of the best epoch by the validation rows, otherwise of the last; the epochs; and whether training
        stopped before all of them.
    """
    best, lowest, waited = None, inf, 0.0
    epochs: list[Epoch] = []
    for event in training:
        if isinstance(event, End):
            return best or Snapshot.of(training), epochs, event.reason == "early_stopping"
        if not isinstance(event, Epoch):
            continue
        epochs.append(event)
        if event.val_loss is not None:
            best = deepcopy(Snapshot.of(training)) if event.is_best else best
            continue
        waited = waited + 1 if event.loss > lowest - tol else 0
        lowest = min(lowest, event.loss)
        if waited > patience:
            break
    return Snapshot.of(training), epochs, True
