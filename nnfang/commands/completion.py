"""What a shell offers where a value is expected: names that nnfang knows, else files."""

from __future__ import annotations

import os
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    Complete = Callable[[click.Context, click.Parameter, str], list[Any]]
    FindValues = Callable[[click.Context, str], Iterable[tuple[str, str]]]

PARTIAL = "partial"
"""The kind of a value that goes on, such as ``optimizer.``: no space follows it."""

GOES_ON = (".", "=", os.sep)
"""How such a value ends."""


def offer(find: FindValues, *, files: bool = True) -> Complete:
    """What completes a value from those that `find` yields, each with a description, or from the files.

    A shell shows its own completion of files only where it is given nothing else. So where values fit, the files of
    this folder that fit as well are listed among them.
    """

    @wraps(find)
    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        found = [(value, meaning) for value, meaning in find(ctx, incomplete) if value.startswith(incomplete)]
        if files and not found:
            return [CompletionItem(incomplete, type="file")]
        if files:
            found += [(name, "") for name in list_files(incomplete)]
        return [
            CompletionItem(value, type=PARTIAL if value.endswith(GOES_ON) else "plain", help=meaning or None)
            for value, meaning in found
        ]

    return complete


def list_files(start: str) -> list[str]:
    """The files and folders of this folder whose names go on from `start`, folders with a slash; no hidden ones."""
    try:
        with os.scandir() as entries:
            names = [f"{entry.name}{os.sep if entry.is_dir() else ''}" for entry in entries]
    except OSError:
        return []
    return sorted(name for name in names if name.startswith(start) and name != start and name[0] != ".")


def find_datasets(ctx: click.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """The data sets that have a name."""
    from nnfang.data import KNOWN

    return [(name, "") for name in KNOWN]


def find_models(ctx: click.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """The network that comes with nnfang, and the runs that have one."""
    from nnfang.runs.bundled import BUNDLED

    return [(BUNDLED, "the network that comes with nnfang"), *find_runs(ctx, incomplete)]


def find_runs(ctx: click.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """The runs under ``runs/``."""
    from nnfang.runs.folder import FILES, RUNS

    try:
        folders = sorted(RUNS.iterdir())
        return [(os.fspath(folder), "") for folder in folders if any((folder / name).is_file() for name in FILES)]
    except OSError:
        return []


def find_sweeps(ctx: click.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """The sweeps that come with nnfang, and those under ``sweeps/``."""
    from nnfang.config.recipes import list_sweeps
    from nnfang.runs.sweeps.folder import SWEEPS, is_sweep

    known = [(sweep.name, sweep.description) for sweep in list_sweeps()]
    try:
        return [*known, *((os.fspath(folder), "") for folder in sorted(SWEEPS.iterdir()) if is_sweep(folder))]
    except OSError:
        return known


def find_pictures(ctx: click.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """The pictures that come with nnfang."""
    from nnfang.images.samples import PREFIX, SAMPLES

    return [(f"{PREFIX}{key}", sample.description) for key, sample in SAMPLES.items()]


def find_settings(ctx: click.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """The keys of a recipe, level by level, and after ``=`` their values."""
    from nnfang.config.settings import complete_setting

    return complete_setting(incomplete, count_layers(ctx.params.get("source")))


def count_layers(source: Any) -> int:
    """The layers of the recipe that is being typed about; of the default recipe where its file cannot be read."""
    from nnfang.training.recipe import PAPER_LAYERS

    if source is None or os.fspath(source) == "-":
        return len(PAPER_LAYERS)
    from nnfang.config import recipes, sources
    from nnfang.errors import ConfigError

    try:
        return len(sources.load(recipes.locate(source), (), {}).recipe.layers)
    except ConfigError:
        return len(PAPER_LAYERS)


def find_recipes(ctx: click.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """The recipes that come with nnfang."""
    from nnfang.config.recipes import list_recipes

    return [(recipe.name, recipe.description) for recipe in list_recipes()]


def find_commands(ctx: click.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """The commands; after one that has some of its own, those."""
    from nnfang.commands.groups import Group

    root = ctx.find_root()
    found: click.Command | None = root.command
    for name in ctx.params.get("names") or ():
        found = found.get_command(root, name) if isinstance(found, Group) else None
    return [(name, "") for name in found.list_commands(root)] if isinstance(found, Group) else []


complete_command = offer(find_commands, files=False)
complete_dataset = offer(find_datasets)
complete_known_dataset = offer(find_datasets, files=False)
complete_model = offer(find_models)
complete_picture = offer(find_pictures)
complete_recipe = offer(find_recipes, files=False)
complete_recipe_or_file = offer(find_recipes)
complete_run = offer(find_runs)
complete_setting = offer(find_settings, files=False)
complete_sweep = offer(find_sweeps)
