"""All that a page tells of a network: what was trained, how that went, how good it is, and how to do it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING

from nnfang.config.sources import to_yaml
from nnfang.reports.distributions import LayerDistributions, measure_distributions
from nnfang.reports.layers import LayerFacts, describe_layers
from nnfang.reports.mistakes import Mistakes
from nnfang.reports.result import Result
from nnfang.runs.evaluation import choose_images, evaluate_classifier, split_as_trained
from nnfang.runs.examination import Examination, examine_network
from nnfang.runs.finding import is_folder
from nnfang.runs.overview import Overview, find_best_epoch, find_divergence, look_at

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.meta import Meta
    from nnfang.training.events import Epoch
    from nnfang.training.recipe import Recipe

ONE_THREAD = "1"


@dataclass(frozen=True, eq=False)
class Story:
    """A network with what is known of it.

    Attributes:
        checkpoint: The network.
        result: The same on the test images.
        overview: The run that it is of; None where it is a file alone.
        latest: What the latest checkpoint of the run says, or else its own.
        examination: What is wrong with the training; None where its history is not known, or its data.
    """

    checkpoint: Checkpoint
    result: Result
    overview: Overview | None
    latest: Meta
    examination: Examination | None

    @classmethod
    def read(cls, path: Path, model: str, checkpoint: Checkpoint, data: Dataset) -> Story:
        """Evaluate a network and gather the rest.

        Args:
            path: The file of the checkpoint, or the folder of a run.
            model: The same as text.
            checkpoint: What was read from there.
            data: Its test images are used.

        Raises:
            DataError: The data set does not fit.
            CheckpointError: What is known of the run cannot be read.
        """
        result = Result(model, checkpoint, data, "test", evaluate_classifier(checkpoint, data))
        overview = look_at(path) if is_folder(path) else None
        latest = overview.meta if overview and overview.meta else checkpoint.meta
        examination = None
        if latest.history and is_same(checkpoint, data):
            recipe = find_recipe(overview, checkpoint)
            record = find_divergence(overview.run, latest) if overview and overview.meta else None
            examination = examine_network(checkpoint, recipe, latest, data, result.evaluation, record)
        return cls(checkpoint, result, overview, latest, examination)

    @property
    def recipe(self) -> Recipe:
        """How it is trained."""
        return find_recipe(self.overview, self.checkpoint)

    @property
    def history(self) -> tuple[Epoch, ...]:
        """The completed epochs."""
        return self.latest.history

    @property
    def best(self) -> Epoch | None:
        """The best of them."""
        return find_best_epoch(self.latest)

    @cached_property
    def mistakes(self) -> Mistakes:
        """The test images classified wrongly."""
        return Mistakes.of(self.result)

    @cached_property
    def layers(self) -> list[LayerFacts]:
        """From the first hidden layer to the output layer."""
        return describe_layers(self.checkpoint.network)

    @cached_property
    def distributions(self) -> list[LayerDistributions]:
        """Of weights and activations, the latter on the images of the examination, or else on test images."""
        data, checkpoint = self.result.data, self.checkpoint
        images, rows = data.x_test, None
        if self.examination:
            images, _, rows = choose_images(checkpoint, data, self.examination.split)
        return measure_distributions(checkpoint.network, images if rows is None else images[rows])

    @cached_property
    def split(self) -> tuple[int, int] | None:
        """How many images were trained on and held out; None where the data set is another."""
        if not is_same(self.checkpoint, self.result.data):
            return None
        train, validation = split_as_trained(self.checkpoint, len(self.result.data.y_train))
        return len(train), len(validation)

    @property
    def seconds(self) -> float:
        """Training time, without validation and saving."""
        return sum(epoch.seconds for epoch in self.history) + self.latest.state.seconds

    @property
    def seconds_per_epoch(self) -> float:
        """The median over the epochs, of which there must be one."""
        return median(epoch.seconds for epoch in self.history)

    @property
    def images_per_second(self) -> float:
        """Likewise."""
        return median(epoch.images_per_second for epoch in self.history)

    @property
    def why_not_again(self) -> str | None:
        """Why the config alone does not give this network again; None if it does."""
        latest = self.latest
        if latest.parent:
            return f"It was forked from {latest.parent.run} at step {latest.parent.step:,}, so it has no beginning."
        if latest.start and latest.start.is_import:
            return f"It was imported from {latest.start.model} and not trained here."
        if latest.retries:
            return "Its learning rate was changed after training diverged, so its config alone does not repeat it."
        return None

    @property
    def config(self) -> str:
        """The recipe as YAML, with the engine that was chosen, since another rounds differently."""
        return to_yaml(replace(self.recipe, engine=self.latest.engine))

    @property
    def thread_options(self) -> tuple[str, ...]:
        """The options for as many threads as it was trained with; more than one add up in another order."""
        threads = self.latest.environment.get("blas_threads")
        number = threads.get("OPENBLAS_NUM_THREADS", ONE_THREAD) if isinstance(threads, dict) else ONE_THREAD
        return () if number == ONE_THREAD else ("--threads", number)


def find_recipe(overview: Overview | None, checkpoint: Checkpoint) -> Recipe:
    """How a run is trained: since it was resumed, perhaps for longer than when its best network was saved."""
    return overview.recipe if overview and overview.recipe else checkpoint.recipe


def is_same(checkpoint: Checkpoint, data: Dataset) -> bool:
    """Whether a network was trained on a data set."""
    return data.fingerprint == checkpoint.meta.dataset.fingerprint
