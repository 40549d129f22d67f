"""``nnfang sweep``: one recipe, trained with other values of some of its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnfang.commands import completion, options
from nnfang.commands.formatting import argument, option
from nnfang.commands.formatting import command as command_of

if TYPE_CHECKING:
    from pathlib import Path

HALVING = 3


@command_of(
    "sweep",
    stray=lambda _: "nnfang sweep",
    examples={
        "Compare two learning rates, with three seeds each": (
            "nnfang sweep -c minibatch --grid optimizer.learning_rate=0.01,0.1 --grid seed=0..2"
        ),
        "Wider and deeper networks": "nnfang sweep -c minibatch --grid width=32,64,128 --grid depth=1..3",
        "Twenty of many settings; only the best third is trained on each time": (
            "nnfang sweep -c minibatch --grid batch_size=16,32,64 --grid optimizer.learning_rate=0.01,0.1 --halving"
        ),
        "Does accuracy grow with width and depth, as the paper says?": "nnfang sweep paper-claim",
        "Go on with a sweep that was interrupted": "nnfang sweep sweeps/first",
    },
)
@argument(
    "place",
    metavar="SWEEP",
    type=options.PathType(),
    required=False,
    shell_complete=completion.complete_sweep,
    description="A YAML file, the name of a sweep that comes with nnfang, or the folder of one to go on with.",
)
@options.recipe
@options.settings
@options.dataset
@options.offline
@option(
    "--grid",
    group=options.SWEEP,
    multiple=True,
    metavar="KEY=VALUES",
    help="Train with each of these values, such as seed=0..4; repeatable. width and depth are the units of the hidden "
    "layers, and how many there are.",
)
@option(
    "--random",
    group=options.SWEEP,
    type=options.NumberType(int, 1),
    metavar="N",
    help="Draw N of all combinations, by the seed of the recipe.",
)
@option(
    "--halving",
    group=options.SWEEP,
    is_flag=False,
    flag_value=HALVING,
    type=options.NumberType(int, 2),
    metavar="[K]",
    help=f"Train all a little, then again and again only the best of every K, by validation.  [K: {HALVING}]",
)
@options.jobs
@option(
    "--max-time",
    "max_seconds",
    group=options.SWEEP,
    type=options.DurationType(),
    metavar="TIME",
    help="End after this time, such as 90s, 10m or 1h30m; trainings that run are saved.",
)
@option(
    "-o",
    "--output",
    "folder",
    group=options.OUTPUT,
    type=options.PathType(),
    metavar="DIR",
    help="Write to this folder; a sweep that is there goes on.  [default: sweeps/<time>-<dataset>]",
)
@options.as_json
@options.quiet
@options.verbose
def command(
    place: Path | None,
    source: Path | None,
    settings: tuple[str, ...],
    dataset: str | None,
    grid: tuple[str, ...],
    random: int | None,
    halving: int | None,
    jobs: int | None,
    max_seconds: float | None,
    folder: Path | None,
    *,
    offline: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train one recipe with many settings.

    Each training is a run of its own, in a process of its own; --jobs of them run at a time. One that diverges, fails
    or is killed is a row of the table. The setting with the largest mean accuracy on validation images wins, and its
    recipe is written to best.yaml. Test images are looked at, but choose nothing.

    Started again after an interruption, a sweep goes on with what is missing.
    """
    from nnfang.commands import sweeping

    calling = sweeping.Calling(jobs, max_seconds, is_json=as_json, is_quiet=quiet, is_offline=offline)
    with sweeping.shared_out(calling) as how:
        if how is None:  # a rank that has done its share
            return
        if place is not None:
            sweeping.refuse_beside(place, source=source, settings=settings, dataset=dataset, grid=grid, random=random)
            sweeping.go_on(place, folder, how, halving)
        else:
            overrides = sweeping.read_overrides(settings, dataset)
            sweeping.begin(source, overrides, grid, folder, how, random=random, halving=halving)
