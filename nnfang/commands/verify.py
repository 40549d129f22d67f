"""``nnfang verify``: trains a run again and compares."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nnfang.commands import completion, console, options
from nnfang.commands.formatting import argument
from nnfang.commands.formatting import command as command_of
from nnfang.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.runs.verification import Verification

DIFFERENT = 1


@command_of(
    "verify",
    examples={
        "Verify the newest run": "nnfang verify",
        "Verify a certain run, for a program": "nnfang verify runs/first --json",
    },
)
@argument(
    "run",
    metavar="RUN",
    type=options.RunType(),
    required=False,
    shell_complete=completion.complete_run,
    description="Run to train again: its folder, or a checkpoint in it.  [default: the newest run under runs/]",
)
@options.offline
@options.as_json
@options.quiet
@options.verbose
def command(run: Path | None, *, offline: bool, as_json: bool, quiet: bool) -> None:
    """Train a run again and compare.

    The run is trained from its own config, up to the last step that was saved; if it began with the weights of another
    network, that is loaded again. Everything that its files say is compared: the weights and the optimizer's state, the
    history, the metrics and the config. Of an import, which was not trained, these are the weights and the result. With
    a difference the command exits with 1. Where the weights of an epoch differ, it says how this computer differs from
    the one that trained the run.
    """
    from nnfang.commands.loading import load_dataset
    from nnfang.commands.views import training_view
    from nnfang.core.constraints import FieldError
    from nnfang.exports.reading import load_model
    from nnfang.runs.finding import NoRunError, find_newest
    from nnfang.runs.resumption import list_machine_differences
    from nnfang.runs.session import read_run
    from nnfang.runs.verification import Verification

    path = run or find_newest(resumable=True)
    if path is None:
        raise NoRunError
    stored = read_run(path)
    data = load_dataset(stored.checkpoint.recipe.dataset, is_offline=offline, is_quiet=quiet)
    try:
        verification = Verification(stored, data, load_model, is_whole=path.is_dir())
    except FieldError as error:
        raise ConfigError(error.reason, error.path) from error
    with training_view(verification.epochs, quiet=quiet) as view:
        for event in verification:
            view.show(event)
    differences = list_machine_differences(stored.checkpoint)
    if as_json:
        found = {"run": console.encodable(stored.run.folder), "epochs": verification.epochs}
        found |= {"identical": verification.identical, "images": verification.images, "differences": differences}
        lists = {name: getattr(verification, name) for name in ("checked", "faults", "unchecked")}
        console.write_json(found | lists)
    else:
        console.result(report(verification, differences))
    if not verification.is_identical:
        sys.exit(DIFFERENT)


def report(verification: Verification, differences: list[str]) -> str:
    """The result for a person."""
    lines = []
    if verification.identical < verification.epochs:
        reasons = "; ".join(differences) or "nothing that is recorded of this computer differs"
        lines.append(f"different from epoch {verification.identical + 1} on: {reasons}")
    elif verification.is_identical:
        known = "the weights as imported, and their result" if verification.is_import else "the first weights"
        end = describe_end(verification)
        lines.append(f"identical through {end}" if end else f"identical: {known}")
    lines += [f"different: {fault}" for fault in verification.faults]
    lines.append(f"compared: {', '.join(verification.checked) or 'nothing'}")
    lines.append(f"not compared: {'; '.join(verification.unchecked)}")
    return "\n".join(map(console.one_line, lines))


def describe_end(verification: Verification) -> str:
    """How far a run has gone, such as ``epoch 3 and 2,048 images of epoch 4``."""
    epochs, images = verification.epochs, verification.images
    rest = f"{console.count(images, 'image')} of epoch {epochs + 1}" if images else ""
    return " and ".join(filter(None, (f"epoch {epochs}" if epochs else "", rest)))
