"""``nnfang verify``: trains a run again and compares."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from nnfang.commands import console, options, resumption
from nnfang.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint

DIFFERENT = 1


@click.command("verify")
@click.argument("run", type=options.PathType(), required=False)
@options.offline
@options.as_json
@options.quiet
def command(run: Path | None, *, offline: bool, as_json: bool, quiet: bool) -> None:
    """Train a run again, from its own config, and compare.

    The digest of the weights is compared after each epoch. Exits with 1 at the first difference, and says in what this
    computer differs from that of the run. Without RUN the newest is taken.

    \b
    nnfang verify
    nnfang verify runs/first --json
    """
    folder, checkpoint = resumption.open_run(str(run) if run else resumption.NEWEST, is_quiet=True)
    if checkpoint.meta.parent:
        raise ConfigError(f"{folder.folder}: was forked from {checkpoint.meta.parent['run']}, so it has no beginning")
    if checkpoint.meta.retries:
        raise ConfigError(
            f"{folder.folder}: its learning rate was changed after training diverged, so it cannot repeat"
        )
    data = resumption.reload_data(checkpoint, checkpoint.recipe, is_offline=offline, is_quiet=quiet)
    equal = count_equal(checkpoint, data, is_quiet=quiet)
    known = len(checkpoint.meta.history)
    differences = resumption.machine_differences(checkpoint)
    if as_json:
        found = {"run": console.encodable(folder.folder), "epochs": known, "identical": equal}
        options.write_json(found | {"differences": differences})
    elif equal == known:
        click.echo(f"identical through epoch {known}")
    else:
        reasons = "; ".join(differences) or "nothing that is recorded of this computer differs"
        click.echo(f"different from epoch {equal + 1} on: {reasons}")
    if equal < known:
        sys.exit(DIFFERENT)


def count_equal(checkpoint: Checkpoint, data: Dataset, *, is_quiet: bool) -> int:
    """How many epochs come out with the digests that were written down, from the first on."""
    from nnfang.core.network import Network
    from nnfang.training.events import Epoch
    from nnfang.training.loop import train

    known = checkpoint.meta.history
    recipe = resumption.keep_engine(checkpoint, checkpoint.recipe, fork=False)
    recipe = replace(recipe, early_stopping=None)
    network = Network.initialize(recipe.layers, checkpoint.network.inputs, seed=recipe.seed, dtype=recipe.dtype)
    with console.training_view(len(known), quiet=is_quiet) as view:
        for event in train(network, data, recipe):
            view.show(event)
            if isinstance(event, Epoch):
                if event.digest != known[event.epoch - 1]["digest"]:
                    return event.epoch - 1
                if event.epoch == len(known):
                    break
    return len(known)
