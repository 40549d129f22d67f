"""``nnfang report``: a run -> one page that shows what happened."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nnfang.commands import completion, console, options
from nnfang.commands.formatting import argument, option
from nnfang.commands.formatting import command as command_of
from nnfang.errors import NnfangError

if TYPE_CHECKING:
    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint

NEEDS_LIBRARIES = "a report needs matplotlib and jinja2: pip install 'nnfang[report]'"


@command_of(
    "report",
    stray=lambda _: "nnfang report",
    examples={
        "Write the report of the newest run into its folder": "nnfang report",
        "Write that of a sweep into its folder": "nnfang report sweeps/first",
        "Write the report of a certain run to a file to hand on": "nnfang report runs/first -o first.html",
    },
)
@argument(
    "model",
    metavar="RUN",
    type=options.ModelType(),
    required=False,
    shell_complete=completion.complete_model,
    description="Folder of a run or of a sweep, or a checkpoint alone.  [default: the newest run under runs/]",
)
@options.dataset
@options.offline
@option(
    "-o",
    "--output",
    "file",
    group=options.OUTPUT,
    type=options.PathType(),
    metavar="FILE.html",
    help="Write the page to this file.  [default: report.html in the folder of the run]",
)
@option("--force", group=options.OUTPUT, is_flag=True, help="Overwrite FILE.html if it exists.")
@options.quiet
@options.verbose
def command(
    model: Path | None, dataset: str | None, *, offline: bool, file: Path | None, force: bool, quiet: bool
) -> None:
    """Report a run on one page.

    Writes a file of HTML that needs no network, no script and no other file: what was trained, the curves, the result
    with its intervals, the confusion matrix, the mistakes, the weights, and how to do it again. Prints its name.
    Without --dataset, the images are those of the data set that the network was trained on.
    """
    from nnfang.commands.evaluate import load_recorded
    from nnfang.commands.loading import load_dataset, load_model
    from nnfang.commands.targets import check_target
    from nnfang.runs.finding import is_folder
    from nnfang.runs.folder import REPORT, Run
    from nnfang.runs.sweeps.folder import SweepFolder, is_sweep

    if model and is_sweep(model):
        write_sweep(file or SweepFolder(model).report, model, may_replace=force)
        return
    path, checkpoint = load_model(model, is_quiet=quiet)
    target = file or (Run(path).report if is_folder(path) else Path(REPORT))
    check_target(target, may_replace=force)
    check_libraries(target)
    load = partial(load_dataset, is_offline=offline, is_quiet=quiet)
    data = load(dataset) if dataset else load_recorded(checkpoint.recipe.dataset, load, may_replace=True)
    write(target, path, checkpoint, data, may_replace=force)
    console.result(console.one_line(str(target)))


def check_libraries(target: Path) -> None:
    """Refuse what could not be drawn, before anything is evaluated.

    Raises:
        NnfangError: matplotlib or jinja2 is not installed.
    """
    try:
        from nnfang.reports import run_page  # noqa: F401
    except ImportError as error:
        if (error.name or "").startswith("nnfang"):  # a fault of our own
            raise
        raise NnfangError(NEEDS_LIBRARIES, target) from error


def write(target: Path, path: Path, checkpoint: Checkpoint, data: Dataset, *, may_replace: bool) -> None:
    """Write the page of a network.

    Raises:
        NnfangError: It cannot be drawn or written.
        DataError: The data set does not fit.
    """
    from nnfang.commands.targets import naming
    from nnfang.files import replacing
    from nnfang.reports.run_page import render
    from nnfang.reports.story import Story
    from nnfang.runs.bundled import BUNDLED, NETWORK

    model = BUNDLED if path == NETWORK else console.encodable(path)
    story = Story.read(path, model, checkpoint, data)
    try:
        content = render(story)
    except Exception as error:  # whatever a library may raise
        raise NnfangError(f"cannot be drawn: {error}", target) from error
    with naming(target), replacing(target, may_replace=may_replace) as page:
        page.write(content)


def write_sweep(target: Path, folder: Path, *, may_replace: bool) -> None:
    """Write the page of a sweep as far as it has come, and its name to stdout.

    Raises:
        NnfangError: It cannot be drawn or written.
    """
    from nnfang.commands.targets import check_target, naming
    from nnfang.files import replacing
    from nnfang.runs.sweeps.driver import Sweep
    from nnfang.runs.sweeps.folder import SweepFolder, read_plan

    check_target(target, may_replace=may_replace)
    check_libraries(target)
    from nnfang.reports.sweep_page import render

    place = SweepFolder(folder)
    try:
        content = render(Sweep.open(read_plan(place.specification), place))
    except NnfangError:
        raise
    except Exception as error:  # whatever a library may raise
        raise NnfangError(f"cannot be drawn: {error}", target) from error
    with naming(target), replacing(target, may_replace=may_replace) as page:
        page.write(content)
    console.result(console.one_line(str(target)))


def write_beside(folder: Path, data: Dataset, *, is_quiet: bool) -> None:
    """Write the page of a training that has just ended into its folder; a failure is a warning, as the run is whole."""
    from nnfang.runs.finding import load_model
    from nnfang.runs.folder import Run

    target = Run(folder).report
    try:
        check_libraries(target)
        write(target, folder, load_model(folder), data, may_replace=True)
    except NnfangError as error:
        console.warn(str(error))
    else:
        if not is_quiet:
            console.note(f"report         {target}")
