"""Options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from nnfang.commands import console
from nnfang.runs.bundled import BUNDLED, NETWORK


def complete_dataset(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """The names of the known data sets, then files, for the shell."""
    from click.shell_completion import CompletionItem

    from nnfang.data import KNOWN

    names = [CompletionItem(name) for name in KNOWN if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="file")]


class PathType(click.Path):
    """A path, and not the empty string that a shell makes of a variable that is not set."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A Path of a string."""
        if value == "":
            self.fail("an empty string is no path; is a variable of your shell not set?", param, ctx)
        return super().convert(value, param, ctx)


class ModelType(PathType):
    """The path of a model, or the name of the one that comes with nnfang; a file of that name is ./bundled."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A Path of a string."""
        return NETWORK if value == BUNDLED else super().convert(value, param, ctx)


class NewestRun:
    """The run that is meant where an option stands without a value."""


NEWEST = NewestRun()


class RunType(PathType):
    """The path of a run, or `NEWEST`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A Path of a string."""
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
        return float(hours * 3600 + minutes * 60 + seconds)


def check_name(ctx: click.Context, param: click.Parameter, name: str | None) -> str | None:
    """Refuse a path that is not UTF-8 before it has to be written into YAML and JSON."""
    if name is not None and name != console.encodable(name):
        raise click.BadParameter(f"{console.one_line(name)}: a name in UTF-8 is needed, since it is written down.")
    return name


dataset = click.option(
    "--dataset",
    metavar="NAME|PATH",
    callback=check_name,
    shell_complete=complete_dataset,
    help="Data set: mnist, fashion-mnist, kmnist, mnist-sample, or a path of IDX files, .npz, or folders of pictures.",
)
offline = click.option("--offline", is_flag=True, help="Never touch the network.")
as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout, one object per line.")
quiet = click.option("-q", "--quiet", is_flag=True, help="Show no progress on stderr.")
model = click.option(
    "-m",
    "--model",
    type=ModelType(),
    metavar="MODEL",
    help="Network to use: a checkpoint, a run's folder (its best.npz), or bundled, the network that comes with nnfang. "
    "Default: the newest run under runs/.",
)


def write_json(value: object) -> None:
    """One object as a line of stdout, at once: a reader may be waiting for it."""
    import msgspec

    click.echo(msgspec.json.encode(value))
