"""What came of a sweep: a table, JSON, results.csv and best.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnfang.commands import columns, console
from nnfang.config.sources import to_yaml
from nnfang.files import write_whole
from nnfang.reports.quoting import csv_text
from nnfang.runs.sweeps.plan import format_setting
from nnfang.runs.sweeps.summary import find_winner, rank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.runs.sweeps.driver import Sweep
    from nnfang.runs.sweeps.rows import Row
    from nnfang.runs.sweeps.summary import Group, Spread

HEADER = ("setting", "done", "epochs", "validation", "sd", "test", "sd", "95% interval")
GIVE_WAY = (7, 6, 4, 2)
"""The columns that are left out where there is no room, the first of them first."""

COLUMNS = ("state", "epochs", "best_epoch", "val_accuracy", "val_loss", "test_accuracy", "seconds", "digest", "reason")


def write(sweep: Sweep) -> None:
    """Write results.csv, and best.yaml where there is a winner."""
    rows = list(sweep.rows.values())
    keys = [axis.path for axis in sweep.plan.axes]
    lines: list[list[str | float]] = [["run", *keys, *COLUMNS]]
    lines += ([row.folder.name, *_cells(row, keys)] for row in rows)
    write_whole(sweep.folder.results, lambda file: file.write(csv_text(lines).encode()))
    if winner := find_winner(rows):
        text = to_yaml(winner.point.recipe)
        write_whole(sweep.folder.best, lambda file: file.write(text.encode()))


def _cells(row: Row, keys: list[str]) -> list[str | float]:
    best = row.best
    known = (best.epoch, best.val_accuracy, best.val_loss) if best else (None, None, None)
    cells = (row.state, len(row.history), *known, row.test_accuracy, row.seconds, row.digest, row.reason)
    settings = [format_setting(row.point.settings[key]) for key in keys]
    return [*settings, *("" if cell is None else cell for cell in cells)]


def show(sweep: Sweep) -> None:
    """Write the table to stdout, the best setting first, then the winner and how to train it again."""
    rows = list(sweep.rows.values())
    groups = rank(rows)
    columns.show(HEADER, [_to_row(group) for group in groups], GIVE_WAY)
    console.result("")
    console.result("\n".join(_tail(sweep, find_winner(rows))))


def _to_row(group: Group) -> list[str]:
    def mean(spread: Spread | None) -> list[str]:
        if spread is None:
            return ["-", "-"]
        return [console.percent(spread.mean), "-" if spread.deviation is None else f"{100 * spread.deviation:.2f}"]

    interval = group.test.interval if group.test else None
    told = "-" if interval is None else f"{100 * interval[0]:.2f} to {100 * interval[1]:.2f}"
    done = f"{len(group.rows)} of {group.planned}"
    return [group.setting or "all", done, f"{group.epochs:,}", *mean(group.validation), *mean(group.test), told]


def _tail(sweep: Sweep, winner: Row | None) -> Iterator[str]:
    """The winner, and where all of it is."""
    if winner:
        yield f"winner    {console.one_line(winner.point.setting)} (by the mean on validation images)"
        again = console.command_line("train", "-c", sweep.folder.best)
        yield f"again     {again}   # digest {winner.digest} after epoch {winner.best.epoch if winner.best else 0}"
    yield f"saved in  {sweep.folder.path}"


def describe(sweep: Sweep) -> dict[str, Any]:
    """The sweep for a program."""
    rows = list(sweep.rows.values())
    winner = find_winner(rows)

    def spread(found: Spread | None) -> dict[str, Any] | None:
        return None if found is None else {"mean": found.mean, "deviation": found.deviation, "interval": found.interval}

    return {
        "sweep": console.encodable(sweep.folder.path),
        "settings": [
            {
                "setting": group.setting,
                "done": len(group.rows),
                "planned": group.planned,
                "epochs": group.epochs,
                "validation": spread(group.validation),
                "test": spread(group.test),
            }
            for group in rank(rows)
        ],
        "trainings": [
            {
                "run": console.encodable(row.folder),
                "settings": row.point.settings,
                "state": row.state,
                "reason": row.reason or None,
                "epochs": len(row.history),
                "best_epoch": row.best and row.best.epoch,
                "val_accuracy": row.val_accuracy,
                "test_accuracy": row.test_accuracy,
                "seconds": row.seconds,
                "digest": row.digest,
            }
            for row in rows
        ],
        "winner": winner and {"run": console.encodable(winner.folder), "setting": winner.point.setting},
        "best": console.encodable(sweep.folder.best) if winner else None,
    }
