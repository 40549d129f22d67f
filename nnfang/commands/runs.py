"""``nnfang runs``: the runs in a folder, each in a line."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING

from nnfang.commands import columns, completion, console, options
from nnfang.commands.formatting import argument, option
from nnfang.commands.formatting import command as command_of

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.reports.listing import Figures, Interval
    from nnfang.runs.overview import Overview

SORTS = options.ChoiceType(["newest", "name", "test", "validation", "epochs", "seconds"])

HEADER = ("run", "data", "network", "epochs", "validation", "95% interval", "test", "95% interval", "seconds", "state")
GIVE_WAY = (5, 2, 1, 7, 8, 4, 3)
"""The columns that are left out where there is no room, the first of them first."""


@command_of(
    "runs",
    stray=lambda _: "nnfang runs",
    examples={
        "List the runs in runs/, the newest first": "nnfang runs",
        "List those in another folder, the best on its test images first": "nnfang runs experiments --sort test",
        "Write them as JSON, for a program": "nnfang runs --json",
    },
)
@argument(
    "folder",
    metavar="FOLDER",
    type=options.PathType(),
    required=False,
    shell_complete=completion.complete_run,
    description="Folder that holds the folders of runs, or that of one run.  [default: runs]",
)
@option(
    "--sort",
    "order",
    group=options.OUTPUT,
    type=SORTS,
    default="newest",
    metavar="KEY",
    show_default=True,
    help="Sort by newest, name, test, validation, epochs or seconds: names from a to z, figures from the largest.",
)
@options.as_json
def command(folder: Path | None, order: str, *, as_json: bool) -> None:
    """List the runs here.

    Prints the data set, the network, the completed epochs, the accuracy on validation and test images with its 95%
    interval, and how each run ended: done, interrupted, diverged or damaged; or that a process is training into it.
    No weights are read: nnfang verify looks at those.
    """
    from nnfang.reports.listing import Figures, sort
    from nnfang.runs.finding import is_folder, list_runs, written_at
    from nnfang.runs.folder import RUNS
    from nnfang.runs.overview import look_at

    place = folder or RUNS
    if folder:
        is_folder(folder)
    found = [folder] if folder and written_at(folder) else list_runs(place)
    overviews = sort(map(look_at, found), order)
    if as_json:
        for overview in overviews:
            console.write_json(describe(overview, Figures.of(overview), written_at(overview.run.folder)))
        return
    if not overviews:
        console.note(f"There are no runs in {console.one_line(str(place))}. Create one with: nnfang train")
        return
    columns.show(HEADER, [to_row(overview, Figures.of(overview)) for overview in overviews], GIVE_WAY)
    for overview in overviews:
        if overview.state == "damaged":
            console.warn(overview.reason)


def describe(overview: Overview, figures: Figures, written_at: int) -> dict[str, object]:
    """A run for a program."""
    return {
        "run": console.encodable(overview.run.folder),
        "state": overview.state,
        "reason": overview.reason or None,
        **asdict(figures),
        "written": datetime.fromtimestamp(written_at // 10**9, UTC).isoformat(),
    }


def to_row(overview: Overview, figures: Figures) -> list[str]:
    """A run for a person."""
    known = figures.epochs is not None
    return [
        overview.run.folder.name or str(overview.run.folder),
        PurePath(figures.dataset).name if figures.dataset else "-",
        "-".join(map(str, figures.network or ())) or "-",
        f"{figures.epochs:,} of {figures.planned:,}" if known else "-",
        _percent(figures.val_accuracy),
        _interval(figures.val_interval),
        _percent(figures.test_accuracy),
        _interval(figures.test_interval),
        "-" if figures.seconds is None else f"{figures.seconds:,.1f}",
        overview.state,
    ]


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else console.percent(fraction)


def _interval(interval: Interval | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"
