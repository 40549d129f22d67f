"""``nnfang export``: a run's network -> one small file to hand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nnfang.commands import console, options
from nnfang.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def check_target(file: Path, *, may_replace: bool) -> None:
    """Refuse to replace what is no file of one's own.

    Raises:
        ConfigError: It is a folder, a device, a link that leads nowhere, or part of a run; or a file, and may not be
            replaced.
    """
    from nnfang.runs.folder import FILES

    if not file.exists() and not file.is_symlink():
        return
    if not file.is_file():
        raise ConfigError(f"{file}: not a file; choose another name")
    if file.name in FILES and (file.parent / "config.yaml").exists():
        raise ConfigError(f"{file}: part of a run, which stays as it is; choose another name")
    if not may_replace:
        raise ConfigError(f"{file}: exists already; choose another name, or --force to write over it")


@click.command("export")
@options.model
@click.option("--force", is_flag=True, help="Write over FILE if it exists.")
@options.quiet
@click.argument("file", metavar="FILE.npz", type=options.PathType())
def command(model: Path | None, file: Path, *, force: bool, quiet: bool) -> None:
    """Write a trained network to one small file.

    It holds what predict and evaluate need, and how the network did on its test images, where that is known; but not
    what training needs to go on. With Adam that is a third of the size.

    \b
    nnfang export digits.npz
    nnfang export -m runs/first first.npz
    """
    from nnfang.runs import folder as runs
    from nnfang.runs.checkpoint import save_final

    path, checkpoint = options.load_model(model, is_quiet=quiet)
    check_target(file, may_replace=force)
    tested = checkpoint.meta.tested or runs.find_test_result(path, checkpoint)
    save_final(file, checkpoint, tested)
    if not quiet:
        size = f"{checkpoint.network.theta.size:,} parameters, {file.stat().st_size:,} bytes"
        console.note(f"{file}: {size}{options.tell_result(tested)}")
