"""``nnfang export``: a run's network -> one small file to hand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnfang.commands import console, options
from nnfang.commands.formatting import argument, option
from nnfang.commands.formatting import command as command_of
from nnfang.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

ENDINGS = (".npz",)
"""The endings of the files that a network can be exported to; each is a format."""


@command_of(
    "export",
    examples={
        "Export the newest run": "nnfang export digits.npz",
        "Export a certain run": "nnfang export -m runs/first first.npz",
    },
)
@options.model
@option("--force", group=options.OUTPUT, is_flag=True, help="Overwrite FILE if it exists.")
@options.quiet
@options.verbose
@argument(
    "file",
    metavar="FILE.npz",
    type=options.PathType(),
    description="File to write the network to.",
)
def command(model: Path | None, file: Path, *, force: bool, quiet: bool) -> None:
    """Write a trained network to one small file.

    FILE ends with .npz. It holds what predict and evaluate need, and how the network did on its test images, where
    that is known; but not what training needs to continue. With Adam that is a third of the size.
    """
    from nnfang.commands.loading import describe_test, load_model
    from nnfang.runs.finding import find_test_result

    check_target(file, may_replace=force)
    path, checkpoint = load_model(model, is_quiet=quiet)
    exported = checkpoint.for_inference(find_test_result(path, checkpoint))
    exported.save(file)
    if not quiet:
        size = f"{exported.network.theta.size:,} parameters, {file.stat().st_size:,} bytes"
        console.note(f"{file}: {size}{describe_test(exported.meta.tested)}")


def check_target(file: Path, *, may_replace: bool) -> None:
    """Refuse an unknown format, and to replace what is not a file of the user's own.

    Raises:
        ConfigError: Its ending is unknown; it is a folder, a device, a link that leads nowhere, or part of a run; or a
            file, and may not be replaced.
    """
    from nnfang.runs.folder import FILES

    if (file / "best.npz").exists():
        raise ConfigError(f"a run, which is named with -m: nnfang export -m {file} {file.name}.npz", file)
    if file.suffix.lower() not in ENDINGS:
        found = f'unknown ending "{file.suffix}"' if file.suffix else "the name has no ending"
        raise ConfigError(f"{found}; the name must end with {' or '.join(ENDINGS)}", file)
    if not file.exists() and not file.is_symlink():
        return
    if not file.is_file():
        raise ConfigError("not a file; choose another name", file)
    if file.name in FILES and (file.parent / "config.yaml").exists():
        raise ConfigError("part of a run, which stays as it is; choose another name", file)
    if not may_replace:
        raise ConfigError("exists already; choose another name, or --force to overwrite it", file)
