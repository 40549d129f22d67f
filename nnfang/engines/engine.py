"""What an engine is: one method that trains through consecutive mini-batches."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfang.core.arrays import Images, Labels
from nnfang.core.constraints import FieldError
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
        batch_size: Rows per step.
        seed: Of the masks of dropout layers.
        is_bytes: Whether the images are bytes, of which an engine may be handed the pixels as they are.
        density: Fraction of the inputs that are not 0, about.
    """

    network: Network
    loss: str
    optimizer: Optimizer
    learning_rate: Callable[[int], float]
    batch_size: int = 1
    seed: int = 0
    is_bytes: bool = False
    density: float = 0.0


class Engine(ABC):
    """Runs a task; all engines end at the same θ, to rounding.

    Attributes:
        name: Of the engine, as in a recipe.
        takes_bytes: Whether it takes pixels as bytes, and divides them by 255 itself.
        task: What it runs.
        step: Steps done so far, over all epochs.
        state: The vectors that the optimizer keeps.
        block_size: Rows that are trained between two measurements of the loss: a multiple of the batch size.

    Raises:
        FieldError: The engine cannot run the task; the reason says why.
    """

    name: ClassVar[str]
    takes_bytes: ClassVar[bool] = False
    block_size: int

    def __init__(self, task: Task) -> None:
        self.check(task)
        self.task = task
        self.step = 0
        self.state: State = {name: np.zeros_like(task.network.theta) for name in task.optimizer.state_names}

    @classmethod
    def check(cls, task: Task) -> None:
        """Refuse a task that the engine cannot run.

        Raises:
            FieldError: It cannot; the reason says why.
        """
        if reason := cls.unsupported_reason(task):
            raise FieldError("engine", f"the {cls.name} engine {reason}")

    @classmethod
    @abstractmethod
    def unsupported_reason(cls, task: Task) -> str | None:
        """Why the engine cannot run `task`, as the rest of a sentence about it; None if it can."""

    @property
    def inputs_dtype(self) -> np.dtype[Any]:
        """Of the rows that `advance` takes."""
        takes_bytes = self.takes_bytes and self.task.is_bytes
        return np.dtype(np.uint8) if takes_bytes else self.task.network.dtype

    @property
    def compile_message(self) -> str | None:
        """What `prepare` is about to do, if that takes more than a moment; otherwise None."""
        return None

    def parts(self, rows: int) -> list[slice]:
        """Which of consecutive rows are read, by the slices of them; whole mini-batches begin with the first."""
        return [slice(0, rows)]

    def prepare(self) -> None:  # noqa: B027
        """Do what is done once and is not training, such as compiling. Most engines have nothing to prepare."""

    def advance(self, x: Images, labels: Labels) -> tuple[float, int]:
        """Train through the rows in order, `batch_size` at a time; the last batch takes what is left.

        With one row at a time that is the inner loop of Algorithm 3.

        Args:
            x: (m, inputs), of `inputs_dtype`.
            labels: (m,), integers in 0 .. outputs - 1.

        Returns:
            The sum over the rows of the loss that each had when its step began, and how many were classified correctly.
        """
        loss, correct = 0.0, 0
        for start in range(0, len(x), self.block_size):
            end = start + self.block_size
            block_loss, block_correct = self._train_block(x[start:end], labels[start:end])
            loss += block_loss
            correct += block_correct
        return loss, correct

    @abstractmethod
    def _train_block(self, x: Any, labels: Labels) -> tuple[float, int]:
        """As `advance`, for at most `block_size` rows."""
