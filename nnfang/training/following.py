"""What all ranks of MPI but the first do: take every step of its training with it, see `nnfang.training.together`."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.network import Network
from nnfang.training.loop import Training
from nnfang.training.together import SHARED_ERRORS, Beginning, Exit, Question, Step, evaluate_share

if TYPE_CHECKING:
    from nnfang.core.arrays import Images, Labels
    from nnfang.machine.ranks import Ranks


@dataclass(frozen=True)
class ReceivedExamples:
    """What training reads of a data set, on a rank that has not loaded it: see `nnfang.training.examples`."""

    name: str
    x_train: Images
    y_train: Labels
    class_names: tuple[str, ...]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one row."""
        return self.x_train.shape[1:]


def follow(ranks: Ranks) -> int:
    """Take part in all that the first rank begins.

    Returns:
        The exit code with which all processes end.
    """
    while True:
        message = ranks.hear()
        if isinstance(message, Beginning):
            message = train_along(message, ranks)
        elif isinstance(message, Question):
            theta, images, labels = (ranks.hand_out() for _ in range(3))
            network = Network(message.layers, prod(images.shape[1:]), theta)
            evaluate_share(ranks, network, message.loss, images, labels, np.arange(len(labels)))
        if isinstance(message, Exit):
            return message.code


def train_along(beginning: Beginning, ranks: Ranks) -> object:
    """Take the steps of a training; return the message that ended it, or None where it came to an end of its own."""
    training = receive(beginning, ranks)
    events = training.events()
    while isinstance(message := ranks.hear(), Step):
        training.is_stopped = message.is_stopped
        try:
            if next(events, None) is None:
                return None
        except SHARED_ERRORS:  # of which the first rank speaks
            return None
    return message


def receive(beginning: Beginning, ranks: Ranks) -> Training[ReceivedExamples]:
    """The training of the first rank, with arrays of this rank's own."""
    recipe = beginning.recipe
    theta = ranks.hand_out()
    vectors = {name: ranks.hand_out() for name in beginning.vectors}
    data = ReceivedExamples(beginning.name, ranks.hand_out(), ranks.hand_out(), beginning.class_names)
    network = Network(recipe.layers, prod(data.input_shape), theta)
    return Training(network, data, recipe, beginning.state, vectors, ranks)
