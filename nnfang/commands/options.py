"""Options and steps that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnfang.commands import console
from nnfang.errors import UnavailableError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint, Tested


def complete_dataset(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """The names of the known data sets, then files, for the shell."""
    from click.shell_completion import CompletionItem

    from nnfang.data import KNOWN

    names = [CompletionItem(name) for name in KNOWN if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="file")]


class PathType(click.Path):
    """A path, and not the empty text that a shell makes of a variable that is not set."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A Path of a text."""
        if value == "":
            self.fail("an empty text is no path; is a variable of your shell not set?", param, ctx)
        return super().convert(value, param, ctx)


class ModelType(PathType):
    """The path of a model, or the name of the one that comes with nnfang; a file of that name is ./bundled."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A Path of a text."""
        from nnfang.runs.folder import BUNDLED, NETWORK

        return NETWORK if value == BUNDLED else super().convert(value, param, ctx)


def as_path(text: str) -> Path:
    """A path.

    Raises:
        click.BadParameter: It is the empty text.
    """
    path: Path = PathType().convert(text, None, None)
    return path


def check_name(ctx: click.Context, param: click.Parameter, name: str | None) -> str | None:
    """Refuse a path that is not UTF-8 before it has to be written into YAML and JSON."""
    if name is not None and name != console.encodable(name):
        raise click.BadParameter(f"{console.one_line(name)}: a name in UTF-8 is needed, since it is written down.")
    return name


dataset = click.option(
    "--dataset",
    metavar="NAME|PATH",
    callback=check_name,
    shell_complete=complete_dataset,
    help="mnist, fashion-mnist, kmnist, mnist-sample, or a path: IDX files, .npz, or folders of pictures.",
)
offline = click.option("--offline", is_flag=True, help="Never touch the network.")
as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout, one object a line.")
quiet = click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
model = click.option(
    "-m",
    "--model",
    type=ModelType(),
    metavar="MODEL",
    help="A checkpoint, a run's folder (then its best.npz), or bundled, the network that comes with nnfang. "
    "Default: the newest run under runs/.",
)


def load_dataset(name: str, *, is_offline: bool, is_quiet: bool) -> Dataset:
    """Load a data set, with a bar for what is downloaded."""
    from nnfang import data

    try:
        return data.load(
            name,
            offline=is_offline,
            progress=console.download_progress(quiet=is_quiet),
            read_picture=_read_picture,
            warn=console.warn,
        )
    except UnavailableError as error:
        hint = f"On the command line: {'without --offline, or ' if is_offline else ''}--dataset {data.SAMPLE}"
        reason = f"{error.reason}\n{hint}"
        raise UnavailableError(reason, name, error.folder, error.missing, error.attempts) from error


def _read_picture(path: Path) -> npt.NDArray[np.uint8]:
    """A picture of a data set, of MNIST's size."""
    from nnfang import images

    picture: npt.NDArray[np.uint8] = images.load(path, (28, 28), "plain")
    return picture


def load_model(path: Path | None, *, is_quiet: bool, or_bundled: bool = False) -> tuple[Path, Checkpoint]:
    """Load the checkpoint at `path`, or of the newest run; then stderr says which.

    Args:
        path: What the command line says.
        is_quiet: Whether stderr says nothing of a run that was found.
        or_bundled: Whether the network that comes with nnfang is used where there is no run; that is always said.
    """
    from nnfang.runs import folder as runs

    found = path or runs.find_newest(otherwise=runs.NETWORK if or_bundled else None)
    checkpoint = runs.load_model(found)
    if path is None and found == runs.NETWORK:
        console.note(describe_bundled(checkpoint))
    elif path is None and not is_quiet:
        console.note(describe_choice(found, checkpoint))
    return found, checkpoint


def describe_choice(found: Path, checkpoint: Checkpoint) -> str:
    """Which run was taken."""
    trained = f"trained on {checkpoint.meta.dataset['name']}, {console.count(checkpoint.meta.epoch, 'epoch')}"
    return f"Using {found} ({trained})."


def describe_bundled(checkpoint: Checkpoint) -> str:
    """That no run was there, how good what was taken instead is, and how to get one."""
    shape = "-".join(map(str, checkpoint.network.units))
    known = tell_result(checkpoint.meta.tested)
    return f"Using the network that comes with nnfang ({shape}{known}). Train one of your own: nnfang train"


def tell_result(tested: Tested | None) -> str:
    """How a network did, as the end of a sentence; nothing where that is not known."""
    return f", right on {console.percent(tested.accuracy)} of the test images of {tested.dataset}" if tested else ""


def write_json(value: object) -> None:
    """One object as a line of stdout, at once: a reader may be waiting for it."""
    import msgspec

    click.echo(msgspec.json.encode(value))
