"""What ``nnfang train`` does: a new run, one that is resumed or forked, or only a look at what would be trained."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnfang.commands import beginning, console, findings
from nnfang.commands.following import Calling, follow
from nnfang.commands.loading import load_dataset
from nnfang.commands.options import SHORT, name_short
from nnfang.commands.targets import check_target, naming
from nnfang.config import sources as config
from nnfang.config.recipes import locate
from nnfang.core.constraints import FieldError
from nnfang.data import KNOWN, SAMPLE, check_exists
from nnfang.errors import ConfigError, DataError, UnavailableError
from nnfang.machine.clock import check_time_zone
from nnfang.runs import session
from nnfang.runs.finding import NoRunError, find_newest
from nnfang.runs.folder import FolderInUseError, Run
from nnfang.runs.resumption import AnotherTrainingError
from nnfang.runs.session import StoredRun, UnsavedRun
from nnfang.runs.starting import check_layers
from nnfang.training.augment import preview_distortions
from nnfang.training.compatibility import OutputUnitsError, size_output_layer
from nnfang.training.loop import check_engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nnfang.config.sources import Config, Override
    from nnfang.data import Dataset
    from nnfang.runs.recorder import RecordedTraining
    from nnfang.runs.session import LoadData
    from nnfang.training.recipe import Recipe

PREVIEW_IMAGES, PREVIEW_COLUMNS = 10, 16


def read_overrides(settings: Sequence[str], short: Mapping[str, Any]) -> list[Override]:
    """What the command line says of single keys.

    Args:
        settings: The values of --set.
        short: The values of the options of `SHORT`, None where one is not given.
    """
    given = {name: value for name, value in short.items() if value is not None}
    return config.parse_overrides(settings) + [
        config.Override(SHORT[name], value, f"{name_short(name)} {value}") for name, value in given.items()
    ]


def load_config(source: Path | None, overrides: Sequence[Override], base: Recipe | None = None) -> Config:
    """File, environment and options -> the resolved config; `base` is what they change, if not the defaults."""
    given = source and (sys.stdin if source == Path("-") else locate(source))
    resolved = config.load(given, overrides, os.environ, base)
    if resolved.dropped:
        console.note(f"Another type has defaults of its own, so this is dropped: {', '.join(resolved.dropped)}")
    return resolved


def print_config(source: Path | None, overrides: Sequence[Override], model: Path | None) -> None:
    """Print the config as a file that ``-c`` takes, after the checks that need no data."""
    resolved = load_config(source, overrides, beginning.propose(beginning.load(model)))
    with blaming(resolved):
        check_engine(resolved.recipe)
    try:
        check_exists(resolved.recipe.dataset)
    except DataError as error:  # it may exist where the config is used
        console.warn(str(error).partition("\n")[0])
    console.write(config.to_yaml(resolved.recipe), end="")


def start(
    source: Path | None,
    overrides: Sequence[Override],
    how: Calling,
    output: Path | None,
    model: Path | None,
    *,
    force: bool,
) -> None:
    """A new run; with the weights of a network, if one is named."""
    check_time_zone()  # its folder is named after the time
    known = beginning.load(model)
    resolved = load_config(source, overrides, beginning.propose(known))
    if known:
        with blaming(resolved):
            check_layers(known, resolved.recipe)
    check_folder(output, force=force)
    data = obtain_dataset(resolved, loader(how))
    recipe = size_output(resolved, data)
    with blaming(resolved):
        begin = beginning.take(known, model, recipe, data, is_quiet=how.is_quiet) if known and model else None
        with session.start(recipe, data, output, force=force, begin=begin, ranks=how.ranks) as training:
            if data.name not in KNOWN and not how.is_quiet:
                findings.warn_of(data)
            follow(training, how)
    add_report(training, how)


def check_folder(output: Path | None, *, force: bool) -> None:
    """Refuse a folder that holds a run, before anything is downloaded."""
    if output and not force and (found := Run(output).find_files()):
        raise FolderInUseError(output, found)


def size_output(resolved: Config, data: Dataset) -> Recipe:
    """The recipe of a config; with one output unit per class, if nobody said how many."""
    recipe = resolved.recipe
    is_default = resolved.is_default(f"layers[{len(recipe.layers) - 1}].units")
    return size_output_layer(recipe, data) if is_default else recipe


def obtain_dataset(resolved: Config, load: LoadData) -> Dataset:
    """The config's data set; the bundled sample if nobody asked for a certain one and the default is unavailable."""
    name = resolved.recipe.dataset
    try:
        return load(name)
    except UnavailableError as error:
        if resolved.dataset_was_named:
            raise
        reasons = [f"{place}: {state}" for place, state in error.attempts.items()] or [
            "nnfang was told to stay offline"
        ]
        console.warn(
            f"{name} is unavailable, so this run uses {SAMPLE} instead: "
            + "\n  ".join(["10,000 images of MNIST that come with nnfang.", *reasons])
            + f"\nTo see what helps: {console.command_line('train', '--dataset', name)}"
        )
        return load(SAMPLE)


def resume(path: Path | None, overrides: Sequence[Override], how: Calling) -> None:
    """The run at `path`, or the newest, from its latest checkpoint on."""
    with session.reopen(path or newest_run()) as stored:
        announce(stored, how)
        resolved = adapt(stored, overrides)
        with blaming(resolved):
            training = session.resume(stored, resolved.recipe, loader(how), how.ranks)
            if not how.is_quiet and (reason := nothing_left(stored, resolved.recipe)):
                console.note(reason)
            follow(training, how)
    add_report(training, how)


def fork(path: Path | None, overrides: Sequence[Override], how: Calling, output: Path | None, *, force: bool) -> None:
    """A new run that begins where the run at `path`, or the newest, stands."""
    check_time_zone()
    stored = session.read_training(path or newest_run())
    announce(stored, how)
    resolved = adapt(stored, overrides)
    load, ranks = loader(how), how.ranks
    with (
        blaming(resolved),
        session.fork(stored, resolved.recipe, load, output, force=force, ranks=ranks) as training,
    ):
        follow(training, how)
    add_report(training, how)


def add_report(training: RecordedTraining, how: Calling) -> None:
    """Write the report of a training that is over, and whose folder is no longer locked, where that is wanted."""
    if how.has_report:
        from nnfang.commands.report import write_beside  # matplotlib, which training does without

        write_beside(training.run.folder, training.data, is_quiet=how.is_quiet)


def newest_run() -> Path:
    """The folder of the newest run that can be continued."""
    if found := find_newest(resumable=True):
        return found
    raise NoRunError


def announce(stored: StoredRun | UnsavedRun, how: Calling) -> None:
    """Say what is resumed or forked."""
    if how.is_quiet:
        return
    if isinstance(stored, UnsavedRun):
        console.note(f"Starting {stored.run.folder} from its config, because nothing of it has been saved yet.")
        return
    state = stored.checkpoint.meta.state
    where = f"epoch {state.epoch}"
    if state.seen:
        where = f"{console.count(state.epoch, 'epoch')} and {console.count(state.seen, 'image')}"
    console.note(f"Resuming {stored.run.folder} after {where}.")


def nothing_left(stored: StoredRun | UnsavedRun, recipe: Recipe) -> str | None:
    """Why resuming a run trains no further, and what would; None if it does."""
    if isinstance(stored, UnsavedRun):
        return None
    state, early_stopping = stored.checkpoint.meta.state, recipe.early_stopping
    if state.epoch >= recipe.epochs:
        more = f"--epochs {2 * max(recipe.epochs, 1)}"
        done = console.count(recipe.epochs, "epoch")
        return f"It has completed its {done}, so there is nothing left to train. To continue, add {more}."
    if early_stopping and state.epoch - state.best_epoch >= early_stopping.patience:
        more = f"--set early_stopping.patience={2 * early_stopping.patience}"
        return f"It stopped early, so there is nothing left to train. To continue, add {more}."
    return None


def adapt(stored: StoredRun | UnsavedRun, overrides: Sequence[Override]) -> Config:
    """The run's config with what the environment and the command line change."""
    return config.load(None, overrides, os.environ, base=stored.recipe)


def loader(how: Calling) -> LoadData:
    """What loads a data set by its name."""
    return partial(load_dataset, is_offline=how.is_offline, is_quiet=how.is_quiet)


@contextmanager
def blaming(resolved: Config) -> Iterator[None]:
    """Say of a value at fault where it was written."""
    try:
        yield
    except AnotherTrainingError as error:
        hint = "; --fork starts a new run from where this one stands"
        raise resolved.error(error.path, error.reason + hint) from error
    except OutputUnitsError as error:
        hint = f"; try --set {error.path}={error.classes}"
        raise resolved.error(error.path, error.reason + hint) from error
    except FieldError as error:
        raise resolved.error(error.path, error.reason) from error


def preview(
    path: Path,
    source: Path | None,
    overrides: Sequence[Override],
    how: Calling,
    model: Path | None,
    *,
    force: bool,
) -> None:
    """Write a sheet of training images: each as it is, then distorted as it may be seen in the first epochs."""
    from nnfang.images import write_sheet  # Pillow, which training does without

    resolved = load_config(source, overrides, beginning.propose(beginning.load(model)))
    recipe = resolved.recipe
    if recipe.augment is None:
        raise ConfigError("--preview-augment: the recipe distorts no images; for example, add --set augment.rotate=15")
    check_target(path, may_replace=force)
    data = obtain_dataset(resolved, loader(how))
    with blaming(resolved):
        sheet = preview_distortions(recipe.augment, data.x_train, recipe.seed, PREVIEW_IMAGES, PREVIEW_COLUMNS)
    with naming(path):
        write_sheet(path, sheet, may_replace=force)
    console.note(f"{path}: each row a training image as it is, then distorted in {PREVIEW_COLUMNS - 1} ways")
