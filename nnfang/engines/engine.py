"""What an engine is: one method that trains through consecutive mini-batches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from nnfang.core.arrays import Array, Labels
from nnfang.core.network import Network
from nnfang.core.optimizers import Optimizer, State


@dataclass(frozen=True)
class Task:
    """What an engine is to do.

    Attributes:
        network: Trained in place.
        loss: Name of the loss.
        optimizer: Its hyper-parameters.
        learning_rate: α of a step, counted from 0.
        batch_size: Rows a step.
        seed: Of the masks of dropout layers.
    """

    network: Network
    loss: str
    optimizer: Optimizer
    learning_rate: Callable[[int], float]
    batch_size: int = 1
    seed: int = 0


class Engine(Protocol):
    """Runs a task; every engine ends at the same θ, to rounding."""

    name: ClassVar[str]
    task: Task
    step: int
    """Steps done so far, over all epochs."""
    state: State
    """The vectors that the optimizer keeps."""

    @property
    def preparation(self) -> str | None:
        """What `prepare` takes time for, in words; None where it takes next to none."""

    def prepare(self) -> None:
        """Do what is done once and is not training, such as compiling."""

    def advance(self, x: Array, labels: Labels) -> tuple[float, int]:
        """Train through the rows in order, `batch_size` at a time; the last batch takes what is left.

        With one row at a time that is the inner loop of Algorithm 3.

        Args:
            x: (m, inputs), of the network's dtype.
            labels: (m,), integers in 0 .. outputs - 1.

        Returns:
            The sum over the rows of the loss that each had when its step began, and how many were classified rightly.
        """


class ReadyEngine:
    """Part of an engine that has nothing to prepare."""

    @property
    def preparation(self) -> str | None:
        """None."""
        return None

    def prepare(self) -> None:
        """Nothing."""
