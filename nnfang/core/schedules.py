"""Schedules: the factor on the learning rate over the course of training.

Time is measured in epochs, fractions included, so that a schedule means the same at every batch size and data set size.
"""

from dataclasses import dataclass
from math import cos, pi
from typing import Annotated, Protocol

from nnfang.core.constraints import Bounds, NonNegative, Positive, check_fields

UnitInterval = Annotated[float, Bounds(ge=0, le=1)]


class Schedule(Protocol):
    """What training needs of a schedule."""

    def factor(self, epoch: float, epochs: float) -> float:
        """The factor on the learning rate after `epoch` epochs of training; 0 <= epoch < epochs, with fractions."""


@dataclass(frozen=True)
class Constant:
    """The learning rate itself, after a linear rise from 0 over the first `warmup` epochs.

    Every other schedule begins with the same rise and takes its own course after it.

    Attributes:
        warmup: Epochs over which the learning rate rises from 0; 0 starts with the full rate.

    Raises:
        ValueError: A field is out of its bounds.
    """

    warmup: NonNegative = 0.0

    def __post_init__(self) -> None:
        check_fields(self)

    def factor(self, epoch: float, epochs: float) -> float:
        """epoch / warmup during the rise, then `course` over the remaining epochs."""
        if epoch < self.warmup:
            return epoch / self.warmup
        return self.course(epoch - self.warmup, max(epochs - self.warmup, 0))

    def course(self, epoch: float, epochs: float) -> float:
        """The factor `epoch` epochs after the rise, of `epochs` that follow it."""
        return 1.0


@dataclass(frozen=True)
class Step(Constant):
    """Multiplied by `drop` every `every` epochs.

    Attributes:
        every: Epochs between two drops.
        drop: The factor on the learning rate at each drop.
    """

    every: Positive = 10.0
    drop: Annotated[float, Bounds(gt=0, le=1)] = 0.1

    def course(self, epoch: float, epochs: float) -> float:
        """drop^⌊epoch / every⌋."""
        return float(self.drop ** (epoch // self.every))


@dataclass(frozen=True)
class Exponential(Constant):
    """Multiplied by `decay` over each epoch, smoothly.

    Attributes:
        decay: The factor on the learning rate per epoch.
    """

    decay: Annotated[float, Bounds(gt=0, le=1)] = 0.95

    def course(self, epoch: float, epochs: float) -> float:
        """decay^epoch."""
        return float(self.decay**epoch)


@dataclass(frozen=True)
class Cosine(Constant):
    """Half a cosine from 1 down to `end`.  Source: Loshchilov and Hutter 2017, eq. 5, without restarts.

    Attributes:
        end: What the learning rate falls to, as a fraction of the full rate.
    """

    end: UnitInterval = 0.0

    def course(self, epoch: float, epochs: float) -> float:
        """end + (1 - end) (1 + cos(π epoch / epochs)) / 2."""
        return self.end + (1 - self.end) * (1 + cos(pi * epoch / epochs)) / 2


@dataclass(frozen=True)
class Linear(Constant):
    """A straight line from 1 down to `end`.

    Attributes:
        end: What the learning rate falls to, as a fraction of the full rate.
    """

    end: UnitInterval = 0.0

    def course(self, epoch: float, epochs: float) -> float:
        """1 - (1 - end) epoch / epochs."""
        return 1 - (1 - self.end) * epoch / epochs


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "step": Step,
    "exponential": Exponential,
    "cosine": Cosine,
    "linear": Linear,
}
