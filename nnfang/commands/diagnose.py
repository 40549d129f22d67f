"""``nnfang diagnose``: what went wrong in a training, and what to change."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from nnfang.commands import columns, completion, console, options
from nnfang.commands.formatting import argument
from nnfang.commands.formatting import command as command_of

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.runs.examination import Examination
    from nnfang.training.rules import Finding

HEADER = ("layer", "activation", "units", "dead", "saturated", "mean a", "spread", "gradient", "weights")
GIVE_WAY = (6, 5, 8, 1)


@command_of(
    "diagnose",
    stray=lambda _: "nnfang diagnose",
    examples={
        "Diagnose the newest run": "nnfang diagnose",
        "Diagnose a certain run, for a program": "nnfang diagnose runs/first --json",
    },
)
@argument(
    "run",
    metavar="RUN",
    type=options.RunType(),
    required=False,
    shell_complete=completion.complete_run,
    description="Run to diagnose: its folder, or a checkpoint in it.  [default: the newest run under runs/]",
)
@options.offline
@options.as_json
@options.quiet
@options.verbose
def command(run: Path | None, *, offline: bool, as_json: bool, quiet: bool) -> None:
    """Diagnose a training.

    Looks for what commonly goes wrong: divergence, under- and over-fitting, dead and saturated units, classes that are
    never predicted, a learning rate that is too high or too low, a plateau. Each rule shows the figures that it went
    by. Layers are looked at with 1,000 validation images, and the last line is the command to try.
    """
    from nnfang.commands.following import command_to_try
    from nnfang.commands.loading import load_dataset
    from nnfang.runs.examination import examine_run
    from nnfang.runs.finding import NoRunError, find_newest
    from nnfang.runs.session import read_run

    path = run or find_newest(resumable=True)
    if path is None:
        raise NoRunError
    if run is None and not quiet:
        console.note(f"Diagnosing {console.one_line(str(path))}.")
    stored = read_run(path)
    data = load_dataset(stored.recipe.dataset, is_offline=offline, is_quiet=quiet)
    found = examine_run(stored, data)
    worst = found.worst
    advice = (
        command_to_try(stored.run.config, worst.changes, stored.checkpoint.meta.start)
        if worst and worst.changes
        else None
    )
    if as_json:
        console.write_json({"run": console.encodable(stored.run.folder), **describe(found), "command": advice})
        return
    console.result(
        "\n".join(f"{verdict(finding):7}  {name}: {finding.evidence}" for name, finding in found.findings.items())
    )
    console.result(f"\nlayers, on {found.images:,} {found.split} images of {console.one_line(data.name)}:")
    columns.show(HEADER, to_rows(found), GIVE_WAY)
    if advice:
        console.result(f"\ntry      {advice}")


def verdict(finding: Finding) -> str:
    """A word for what a rule found."""
    return {True: "caution", False: "ok", None: "-"}[finding.is_wrong]


def describe(found: Examination) -> dict[str, object]:
    """The result for a program."""
    return {
        "rules": {
            name: {"wrong": finding.is_wrong, "evidence": finding.evidence, "try": dict(finding.changes)}
            for name, finding in found.findings.items()
        },
        "images": found.images,
        "split": found.split,
        "layers": [asdict(layer) for layer in found.activity],
    }


def to_rows(found: Examination) -> list[list[str]]:
    """The layers for a person."""
    return [
        [
            f"layers[{layer.index}]",
            layer.activation,
            f"{layer.units:,}",
            f"{layer.dead:,}",
            f"{layer.saturated:,}",
            *(f"{value:.3g}" for value in (layer.mean, layer.deviation, layer.gradient_norm, layer.weight_norm)),
        ]
        for layer in found.activity
    ]
