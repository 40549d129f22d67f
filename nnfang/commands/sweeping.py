"""What ``nnfang sweep`` does, and ``nnfang train --seeds``: plan, train, and say what came of it."""

from __future__ import annotations

import sys
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from nnfang.commands import console, streams, sweep_results, sweep_views, training
from nnfang.commands.loading import load_dataset
from nnfang.commands.signals import StopRequest
from nnfang.config.recipes import list_sweeps
from nnfang.errors import ConfigError, NnfangError
from nnfang.machine.clock import check_time_zone
from nnfang.machine.launcher import find_launch
from nnfang.machine.processor import count_processors
from nnfang.runs.sweeps import executors
from nnfang.runs.sweeps.driver import Sweep
from nnfang.runs.sweeps.folder import SPECIFICATION, SWEEPS, SweepFolder, is_sweep, read_plan
from nnfang.runs.sweeps.plan import SEED, Axis, Plan, group_points, parse_axis
from nnfang.runs.sweeps.rows import ENDED
from nnfang.training.compatibility import size_output_layer
from nnfang.training.recipe import PAPER_LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor

    from nnfang.config.sources import Override
    from nnfang.training.recipe import Recipe


@dataclass(frozen=True)
class Calling:
    """How the command was called.

    Attributes:
        jobs: How many trainings run at a time; None means one per processor.
        max_seconds: After how long the sweep ends.
        is_json: Whether stdout is JSON.
        is_quiet: Whether stderr shows no progress.
        is_offline: Whether nothing is downloaded.
        executor: What gives work to other ranks of MPI; None for processes here.
        workers: How many ranks that are.
    """

    jobs: int | None
    max_seconds: float | None
    is_json: bool
    is_quiet: bool
    is_offline: bool
    executor: Executor | None = None
    workers: int = 0


@contextmanager
def shared_out(how: Calling) -> Iterator[Calling | None]:
    """How the command was called; with the other ranks to work on where MPI has started several. Those get None.

    Raises:
        ConfigError: --jobs says something else.
        NnfangError: MPI is not there.
    """
    launch = find_launch()
    if launch is None:
        yield how
        return
    with executors.across_ranks(launch) as executor:
        if executor is None:
            yield None
            return
        if how.jobs:
            raise ConfigError(
                f"--jobs: under {launch.by} each process but the first trains, which makes {launch.size - 1}"
            )
        yield replace(how, executor=executor, workers=launch.size - 1)


def read_overrides(settings: Sequence[str], dataset: str | None) -> list[Override]:
    """What the command line says of single keys."""
    return training.read_overrides(settings, {"dataset": dataset})


def refuse_beside(place: Path, **given: Any) -> None:
    """Refuse options that would make another sweep of the one that is named.

    Raises:
        ConfigError: One is given.
    """
    names = {"source": "-c", "settings": "--set"}
    if wrong := [names.get(name, f"--{name}") for name, value in given.items() if value]:
        raise ConfigError(f"says what is trained, so that {', '.join(wrong)} cannot be used with it", place)


def begin(
    source: Path | None,
    overrides: Sequence[Override],
    grid: Sequence[str],
    folder: Path | None,
    how: Calling,
    *,
    random: int | None = None,
    halving: int | None = None,
) -> None:
    """A sweep that the command line describes."""
    if not grid:
        raise ConfigError("nothing varies; for example, add --grid optimizer.learning_rate=0.003,0.01,0.03")
    axes = tuple(map(parse_axis, grid))
    start = monotonic()
    carry_out(Plan(read_recipe(source, overrides, how), axes, random, halving), folder, how, start)


def repeat(source: Path | None, overrides: Sequence[Override], seeds: int, folder: Path | None, how: Calling) -> None:
    """The smallest sweep: one recipe, several seeds."""
    start = monotonic()
    with shared_out(how) as shared:
        if shared is None:
            return
        recipe = read_recipe(source, overrides, shared)
        axis = Axis(SEED, tuple(range(recipe.seed, recipe.seed + seeds)))
        carry_out(Plan(recipe, (axis,)), folder, shared, start)


def read_recipe(source: Path | None, overrides: Sequence[Override], how: Calling) -> Recipe:
    """What all trainings have in common, for the data set that is there."""
    resolved = training.load_config(source, overrides)
    data = training.obtain_dataset(resolved, lambda name: load(name, how))
    return replace(training.size_output(resolved, data), dataset=data.name)


def go_on(place: Path, folder: Path | None, how: Calling, halving: int | None) -> None:
    """A sweep that a file describes, or that is in a folder already."""
    start = monotonic()
    if place.is_dir():
        if not is_sweep(place):
            raise ConfigError(f"holds no sweep: there is no {SPECIFICATION}", place)
        if folder is not None:
            raise ConfigError("-o: a sweep goes on in its own folder")
        folder, place = place, place / SPECIFICATION
    known = {sweep.name: sweep.path for sweep in list_sweeps()}
    plan = read_plan(place if place.exists() else known.get(str(place), place))
    data = load(plan.recipe.dataset, how)
    recipe = size_output_layer(plan.recipe, data) if plan.recipe.layers == PAPER_LAYERS else plan.recipe
    plan = replace(plan, recipe=replace(recipe, dataset=data.name), halving=halving or plan.halving)
    carry_out(plan, folder, how, start)


def load(name: str, how: Calling) -> Any:
    """A data set, once, before several processes would download it."""
    return load_dataset(name, is_offline=how.is_offline, is_quiet=how.is_quiet)


def carry_out(plan: Plan, folder: Path | None, how: Calling, start: float) -> None:
    """Train what is left to be trained, and say what came of it all.

    Raises:
        ConfigError: A winner could not be chosen, or a value is not allowed.
        NnfangError: No training came to an end.
    """
    points = plan.points()
    if len(group_points(points)) > 1 and not plan.recipe.validation_split:
        raise ConfigError("a winner is chosen by validation images, and there are none; set validation_split")
    if folder is None:
        check_time_zone()
        folder = SWEEPS / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{Path(plan.recipe.dataset).stem or 'data'}"
    place = SweepFolder(folder)
    streams.do_without_output()
    with place.open(plan):
        sweep = Sweep.open(plan, place)
        jobs = min(how.jobs or count_processors(), len(points)) if how.executor is None else how.workers
        if not how.is_quiet:
            console.note(sweep_views.headline(sweep, jobs))
        with (
            nullcontext(how.executor) if how.executor else executors.local(jobs) as executor,
            sweep_views.view(sweep, quiet=how.is_quiet) as view,
            StopRequest() as request,
        ):

            def is_over() -> bool:
                return bool(request.signal) or (how.max_seconds is not None and monotonic() - start > how.max_seconds)

            with closing(sweep.run(executor, is_over)) as rows_that_ended:
                for row in rows_that_ended:
                    view.show(row)
        sweep_results.write(sweep)
    rows = list(sweep.rows.values())
    left = sum(row.state not in ENDED for row in rows)
    if how.is_json:
        console.write_json(sweep_results.describe(sweep))
    else:
        sweep_results.show(sweep)
    if left:
        console.note(f"{console.count(left, 'training')} left. Continue with: {console.command_line('sweep', folder)}")
    if request.signal:
        sys.exit(request.exit_code)
    if not left and not any(row.state in {"done", "stopped"} for row in rows):
        raise NnfangError("no training came to an end", folder)
