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
    stray=lambda _: "nnfang export -m RUN",
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
    that is known; but not what training needs to continue. With Adam that is a third of the size. Nor does it say on
    which computer, or in which folder the data set was.
    """
    from nnfang.commands.loading import describe_test, load_model
    from nnfang.commands.targets import check_target
    from nnfang.runs.finding import find_test_result

    check_name(file)
    check_target(file, may_replace=force)
    path, checkpoint = load_model(model, is_quiet=quiet)
    exported = checkpoint.for_inference(find_test_result(path, checkpoint))
    exported.save(file)
    if not quiet:
        size = f"{exported.network.theta.size:,} parameters, {file.stat().st_size:,} bytes"
        console.note(f"{file}: {size}{describe_test(exported.meta.tested)}")


def check_name(file: Path) -> None:
    """Refuse an unknown format, and a file of a run.

    Raises:
        ConfigError: Its ending is unknown; or it is part of a run.
    """
    from nnfang.runs.folder import CONFIG, FILES

    if (file / "best.npz").exists():
        raise ConfigError(f"a run, which is named with -m: nnfang export -m {file} {file.name}.npz", file)
    if file.suffix.lower() not in ENDINGS:
        found = f'unknown ending "{file.suffix}"' if file.suffix else "the name has no ending"
        raise ConfigError(f"{found}; the name must end with {' or '.join(ENDINGS)}", file)
    if file.name in FILES and (file.parent / CONFIG).exists():
        raise ConfigError("part of a run, which stays as it is; choose another name", file)
