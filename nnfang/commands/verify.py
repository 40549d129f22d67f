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
    """Train a run again and compare the weights.

    The run is trained from its own config, and the digest of the weights is compared after each epoch. At the first
    difference the command exits with 1, and says how this computer differs from the one that trained it.
    """
    from nnfang.commands.loading import load_dataset
    from nnfang.commands.views import training_view
    from nnfang.core.constraints import FieldError
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
        verification = Verification(stored, data)
    except FieldError as error:
        raise ConfigError(error.reason, error.path) from error
    with training_view(verification.epochs, quiet=quiet) as view:
        for event in verification:
            view.show(event)
    differences = list_machine_differences(stored.checkpoint)
    identical = verification.identical
    if as_json:
        found = {"run": console.encodable(stored.run.folder), "epochs": verification.epochs, "identical": identical}
        console.write_json(found | {"differences": differences})
    elif identical == verification.epochs:
        console.result(f"identical through epoch {identical}")
    else:
        reasons = "; ".join(differences) or "nothing that is recorded of this computer differs"
        console.result(console.one_line(f"different from epoch {identical + 1} on: {reasons}"))
    if identical < verification.epochs:
        sys.exit(DIFFERENT)
