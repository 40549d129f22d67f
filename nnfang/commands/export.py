"""``nnfang export``: a run's network -> one small file to hand on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nnfang.commands import console, options
from nnfang.commands.formatting import argument, option
from nnfang.commands.formatting import command as command_of
from nnfang.errors import ConfigError, DataError
from nnfang.exports import FORMATS

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint

FORMAT = options.ChoiceType(list(FORMATS))


@command_of(
    "export",
    stray=lambda _: "nnfang export -m RUN",
    examples={
        "Export the newest run": "nnfang export digits.npz",
        "Export a certain run": "nnfang export -m runs/first first.npz",
        "Write a web page on which anyone can draw": "nnfang export digits.html",
    },
)
@options.model
@option(
    "--format",
    "name",
    group=options.OUTPUT,
    type=FORMAT,
    metavar=FORMAT.metavar,
    help="Write this format, where the name of FILE does not tell which.",
)
@option(
    "--origin",
    group=options.OUTPUT,
    is_flag=True,
    help="Also tell on which computer the network was trained, and in which folder the data set was.",
)
@option(
    "--learn",
    group=options.OUTPUT,
    is_flag=True,
    help="Put about 1,000 images of the data set into the page, on which a fresh network learns before your eyes.",
)
@option(
    "--floats",
    group=options.OUTPUT,
    is_flag=True,
    help="Let .onnx take floats from 0 to 1 in place of bytes from 0 to 255.",
)
@option(
    "--int8",
    group=options.OUTPUT,
    is_flag=True,
    help="Let .c have its weights in 8 bits each, a quarter of the memory, and say what that costs.",
)
@option("--force", group=options.OUTPUT, is_flag=True, help="Overwrite FILE if it exists.")
@options.quiet
@options.verbose
@argument(
    "file",
    metavar="FILE",
    type=options.PathType(),
    description="File to write the network to. Its ending tells the format: "
    + ", ".join(f".{ending} ({known.description})" for ending, known in FORMATS.items())
    + ".",
)
def command(
    model: Path | None,
    name: str | None,
    file: Path,
    *,
    origin: bool,
    learn: bool,
    floats: bool,
    int8: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Write a trained network to one small file.

    It holds what predict and evaluate need, and how the network did on its test images, where that is known; but not
    what training needs to continue. With Adam that is a third of the size. Nor does it say on which computer, or in
    which folder the data set was, unless --origin is given.
    """
    from nnfang.commands.evaluate import load_recorded
    from nnfang.commands.loading import describe_test, load_dataset, load_model
    from nnfang.commands.targets import check_target
    from nnfang.exports import Settings, check_settings, encode, find_format
    from nnfang.exports.int8 import round_weights
    from nnfang.files import write_whole
    from nnfang.runs.finding import find_test_result

    refuse_run(file)
    format_ = find_format(file, name)
    check_settings(format_, {"learn": learn, "floats": floats, "int8": int8}, file)
    check_target(file, may_replace=force)
    path, checkpoint = load_model(model, is_quiet=quiet)
    exported = checkpoint.for_inference(find_test_result(path, checkpoint), origin=origin)
    load = partial(load_dataset, is_offline=False, is_quiet=quiet)
    images = load_recorded(checkpoint.recipe.dataset, load, may_replace=True) if learn else None
    rounded = round_weights(exported, load_tests(checkpoint)) if int8 else None
    content = encode(exported, format_, Settings(learn=images, floats=floats, int8=rounded))
    write_whole(file, lambda out: out.write(content))
    if not quiet:
        size = f"{exported.network.theta.size:,} parameters, {len(content):,} bytes"
        console.note(f"{file}: {size}{describe_test(exported.meta.tested)}")
        for change in rounded.changes if rounded else ():
            console.note(f"int8: {change}")


def load_tests(checkpoint: Checkpoint) -> Dataset | None:
    """The data set of a network, where it is on this computer, and fits: nothing is downloaded."""
    from nnfang.commands.evaluate import load_recorded
    from nnfang.commands.loading import load_dataset
    from nnfang.runs.evaluation import check_data

    load = partial(load_dataset, is_offline=True, is_quiet=True)
    try:
        data = load_recorded(checkpoint.recipe.dataset, load, may_replace=True)
        check_data(checkpoint, data)
    except DataError:
        return None
    return data


def refuse_run(file: Path) -> None:
    """Refuse a run, and a file of one.

    Raises:
        ConfigError: That is what would be written over.
    """
    from nnfang.runs.folder import CONFIG, FILES

    if (file / "best.npz").exists():
        raise ConfigError(f"a run, which is named with -m: nnfang export -m {file} {file.name}.npz", file)
    if file.name in FILES and (file.parent / CONFIG).exists():
        raise ConfigError("part of a run, which stays as it is; choose another name", file)
