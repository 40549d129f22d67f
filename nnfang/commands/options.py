"""Options that several commands share."""

from __future__ import annotations

import re
from math import inf
from pathlib import Path
from typing import Any

import click

from nnfang.commands import completion, console
from nnfang.commands.formatting import option
from nnfang.names import nearest
from nnfang.runs.bundled import BUNDLED, NETWORK

RECIPE, MODEL, DATA, SWEEP, OUTPUT = "Recipe", "Network", "Data", "Sweep", "Output"
"""The groups of the options below."""


SHORT = {
    "epochs": "epochs",
    "batch_size": "batch_size",
    "learning_rate": "optimizer.learning_rate",
    "seed": "seed",
    "dataset": "dataset",
    "limit": "limit",
}
"""The keys of a recipe that have an option of their own, by its parameter."""


def name_short(parameter: str) -> str:
    """The option of a parameter: ``--batch-size`` of batch_size."""
    return f"--{parameter.replace('_', '-')}"


NO_NAME = "an empty string is no path; is a variable of your shell not set?"


class PathType(click.Path):
    """A path, and not the empty string that a shell makes of a variable that is not set."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A Path of a string."""
        if value == "":
            self.fail(NO_NAME, param, ctx)
        return super().convert(value, param, ctx)


class ModelType(PathType):
    """The path of a model, or the name of the one that comes with nnfang; a file of that name is ./bundled."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A Path of a string."""
        return NETWORK if value == BUNDLED else super().convert(value, param, ctx)


class NewestRun:
    """The run that is meant where an option stands without a value."""


NEWEST = NewestRun()


class ChoiceType(click.Choice):  # type: ignore[type-arg]  # generic in newer versions only
    """One of some words; a word that is none of them is answered by the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The word."""
        if value not in self.choices:
            self.fail(f'"{value}" is not one of {", ".join(self.choices)}.{nearest(value, self.choices)}', param, ctx)
        return value

    @property
    def metavar(self) -> str:
        """The words, as help shows them."""
        return "|".join(self.choices)


class NumberType(click.ParamType):  # type: ignore[type-arg]  # not generic before Click 8.4
    """A number, of at least a limit."""

    def __init__(self, kind: type[int | float], least: float = -inf) -> None:
        self.kind, self.least = kind, least
        self.name = "an integer" if kind is int else "a number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number of a string."""
        try:
            number = self.kind(value)
        except ValueError:
            self.fail(f"found {value!r}, expected {self.name}.", param, ctx)
        if number < self.least:
            self.fail(f"found {value!r}, expected {self.name} >= {self.least}.", param, ctx)
        return number


REJECTED = "?"
"""Stands in the place of a label that is not believed."""

PERCENT = 100


def check_fraction(ctx: click.Context, param: click.Parameter, fraction: float | None) -> float | None:
    """Refuse what is no fraction, NaN too."""
    if fraction is not None and not 0 <= fraction <= 1:
        meant = f" Did you mean {fraction / 100:g}?" if 1 < fraction <= PERCENT else ""
        raise click.BadParameter(f"found {fraction:g}, expected a number from 0 to 1.{meant}")
    return fraction


class RunType(PathType):
    """The path of a run, or `NEWEST`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A Path of a string."""
        if value == BUNDLED and not Path(BUNDLED).exists():
            self.fail("the bundled network is no run, so it cannot be resumed, verified or diagnosed.", param, ctx)
        return value if value is NEWEST else super().convert(value, param, ctx)


class DurationType(click.ParamType):  # type: ignore[type-arg]  # not generic before Click 8.4
    """A time such as 90s, 10m or 1h30m; a number alone is seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", str(value))
        if not found or not value:
            self.fail(f"{value!r} is not a time such as 90s, 10m or 1h30m.", param, ctx)
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        total = hours * 3600 + minutes * 60 + seconds
        if not total:
            self.fail("no epoch fits into no time; for an untrained network, use --epochs 0.", param, ctx)
        return float(total)


def take_one(ctx: click.Context, param: click.Parameter, given: tuple[Path, ...]) -> Path | None:
    """The recipe; refuse several, of which all but one would be ignored."""
    if len(given) > 1:
        names = ", ".join(map(str, given))
        raise click.BadParameter(f"{names}: one recipe at a time; change single keys with --set.", ctx, param)
    return given[0] if given else None


def check_name(ctx: click.Context, param: click.Parameter, name: str | None) -> str | None:
    """Refuse an empty name, and one that is not UTF-8 before it has to be written into YAML and JSON."""
    if name == "":
        raise click.BadParameter(NO_NAME)
    if name is not None and name != console.encodable(name):
        raise click.BadParameter(f"{console.one_line(name)}: a name in UTF-8 is needed, since it is written down.")
    return name


def attach_log(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """Show what the library logs; `logging` is only imported for that."""
    if wanted:
        from nnfang.commands import verbose

        verbose.attach(ctx)


recipe = option(
    "-c",
    "--config",
    "source",
    group=RECIPE,
    multiple=True,
    callback=take_one,
    type=PathType(),
    metavar="FILE|RECIPE",
    shell_complete=completion.complete_recipe_or_file,
    help="Use this recipe: a YAML file, - for standard input, or the name of one that comes with nnfang.",
)
settings = option(
    "--set",
    "settings",
    group=RECIPE,
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=completion.complete_setting,
    help="Set any key of the recipe, such as optimizer.type=adam; repeatable.",
)
dataset = option(
    "--dataset",
    group=DATA,
    metavar="NAME|PATH",
    callback=check_name,
    shell_complete=completion.complete_dataset,
    help="Use this data set: mnist, fashion-mnist, kmnist, mnist-sample, or the path of IDX files, of a .npz or .csv "
    "file, or of a folder with one subfolder of pictures per class.",
)
offline = option("--offline", group=DATA, is_flag=True, help="Download nothing; use what is in the cache.")
run_folder = option(
    "-o",
    "--output",
    group=OUTPUT,
    type=PathType(),
    metavar="DIR",
    help="Write the run to this folder.  [default: runs/<time>-<dataset>]",
)
jobs = option(
    "--jobs",
    group=SWEEP,
    type=NumberType(int, 1),
    metavar="N",
    help="Run N trainings at a time.  [default: one per processor]",
)
as_json = option(
    "--json", "as_json", group=OUTPUT, is_flag=True, help="Write JSON to stdout, one object per line, instead of text."
)
quiet = option("-q", "--quiet", group=OUTPUT, is_flag=True, help="Show no progress on stderr.")
verbose = option(
    "-v",
    "--verbose",
    group=OUTPUT,
    is_flag=True,
    expose_value=False,
    callback=attach_log,
    help="Show more detail on stderr: what was found, tried and skipped, and how long it took.",
)

NETWORKS = "a checkpoint, the folder of a run (its best.npz), or bundled, which comes with nnfang"

model = option(
    "-m",
    "--model",
    group=MODEL,
    type=ModelType(),
    metavar="MODEL",
    shell_complete=completion.complete_model,
    help=f"Use this network: {NETWORKS}.  [default: the newest run under runs/]",
)
models = option(
    "-m",
    "--model",
    "models",
    group=MODEL,
    type=ModelType(),
    multiple=True,
    metavar="MODEL",
    shell_complete=completion.complete_model,
    help=f"Use this network: {NETWORKS}; repeatable: of several, the mean of their probabilities counts.  "
    "[default: the newest run under runs/]",
)
