"""``nnfang export``: a run's network -> one small file to hand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nnfang import console
from nnfang.commands import options
from nnfang.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@click.command("export")
@options.model
@click.option("--force", is_flag=True, help="Write over FILE if it exists.")
@options.quiet
@click.argument("file", metavar="FILE.npz", type=options.PathType())
def command(model: Path | None, file: Path, *, force: bool, quiet: bool) -> None:
    """Write a trained network to one small file.

    It holds what predict and evaluate need, and how the network did on its test images; not what training needs to go
    on. With Adam that is a third of the size.

    \b
    nnfang export digits.npz
    nnfang export -m runs/first first.npz
    """
    from nnfang import runs
    from nnfang.checkpoint import save_final

    path, checkpoint = options.load_model(model, is_quiet=quiet)
    if file.exists() and not force:
        raise ConfigError(f"{file}: exists already; choose another name, or --force to write over it")
    tested = checkpoint.meta.tested or runs.find_test_result(path, checkpoint)
    save_final(file, checkpoint, tested)
    if not quiet:
        size = f"{checkpoint.network.theta.size:,} parameters, {file.stat().st_size:,} bytes"
        console.note(f"{file}: {size}{options.tell_result(tested)}")
