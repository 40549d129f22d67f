"""What ``nnfang train`` says of its run: before the first step, and after the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnfang.commands import console

if TYPE_CHECKING:
    from nnfang.data import Dataset
    from nnfang.runs.folder import Run
    from nnfang.training.evaluation import Evaluation
    from nnfang.training.events import End, Start
    from nnfang.training.recipe import Recipe


def describe(run: Run, start: Start, recipe: Recipe, data: Dataset) -> dict[str, Any]:
    """What is about to happen."""
    network = start.engine.task.network
    return {
        "run": console.encodable(run.folder),
        "dataset": data.name,
        "network": network.units,
        "parameters": network.theta.size,
        "engine": start.engine.name,
        "images": start.images,
        "validation_images": start.validation_images,
        "epochs": recipe.epochs,
    }


def headline(run: Run, start: Start, data: Dataset) -> str:
    """The same for a person."""
    network = start.engine.task.network
    shape = "-".join(map(str, network.units))
    return "\n".join(
        (
            f"network  {shape}, {network.theta.size:,} parameters, {start.engine.name} engine",
            f"images   {start.images:,} of {data.name}, {start.validation_images:,} kept for validation",
            f"run      {run.folder}",
        )
    )


def summary(run: Run, end: End, result: Evaluation, data: Dataset, recipe: Recipe) -> str:
    """The result for a person, with the command to try next."""
    low, high = result.interval
    chosen_by = "by validation" if recipe.validation_split else "the last: there are no validation images"
    stopped = ", stopped early" if end.reason == "early_stopping" else ""
    return "\n".join(
        (
            f"test accuracy  {console.percent(result.accuracy)} "
            f"(95% interval {console.percent(low)} to {console.percent(high)})",
            f"test loss      {result.loss:.4f} ({result.n:,} test images of {data.name})",
            f"best epoch     {end.best_epoch} of {end.epochs} ({chosen_by}){stopped}",
            f"saved in       {run.folder}",
            f"try            nnfang predict -m {run.folder} digit.png",
        )
    )
