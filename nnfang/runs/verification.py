"""Trains a run again and compares, epoch by epoch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nnfang.core.network import Network
from nnfang.errors import ConfigError
from nnfang.runs.resumption import check_data
from nnfang.training.events import Epoch, Event
from nnfang.training.loop import train

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.data import Dataset
    from nnfang.runs.session import StoredRun


class Verification:
    """Trains again from the config of a run. Iterate over it to train; it ends with the first difference.

    Attributes:
        epochs: How many there are to compare.
        identical: How many have come out with the digest that was recorded, from the first on.
    """

    def __init__(self, stored: StoredRun, data: Dataset) -> None:
        """Get ready to train.

        Raises:
            ConfigError: The run cannot be repeated from its config alone.
            DataError: The data set has changed.
            FieldError: The run's engine cannot be used here.
        """
        checkpoint, folder = stored.checkpoint, stored.run.folder
        if parent := checkpoint.meta.parent:
            raise ConfigError(f"was forked from {parent.run}, so it has no beginning", folder)
        if checkpoint.meta.retries:
            raise ConfigError("its learning rate was changed after training diverged, so it cannot be repeated", folder)
        if not checkpoint.meta.history:
            raise ConfigError("no epoch was completed, so there is nothing to compare", folder)
        check_data(checkpoint, data)
        recipe = replace(checkpoint.recipe, engine=checkpoint.meta.engine, early_stopping=None)
        self._training = train(Network.for_recipe(recipe, data), data, recipe)
        self._digests = [epoch.digest for epoch in checkpoint.meta.history]
        self.epochs = len(self._digests)
        self.identical = 0

    def __iter__(self) -> Iterator[Event]:
        """Train and compare."""
        for event in self._training:
            yield event
            if isinstance(event, Epoch):
                if event.digest != self._digests[event.epoch - 1]:
                    return
                self.identical = event.epoch
                if event.epoch == self.epochs:
                    return
