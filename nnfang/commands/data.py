"""``nnfang data``: the data sets that have names, and what is wrong with one of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnfang.commands import columns, completion, console, options
from nnfang.commands.formatting import argument, option
from nnfang.commands.formatting import command as command_of
from nnfang.commands.groups import group

if TYPE_CHECKING:
    from nnfang.data import Listing

MEGABYTE = 1e6

HEADER = ("name", "what", "training", "test", "classes", "MB", "here")
GIVE_WAY = (4, 3, 2, 5)
"""The columns of the list that are left out first where a terminal is narrow."""


@group(
    "data",
    examples={
        "List the data sets that have names": "nnfang data list",
        "Download one, to work offline later": "nnfang data fetch fashion-mnist",
        "Find what may be wrong with one of your own": "nnfang data check letters",
    },
)
def command() -> None:
    """Check data sets, and list or download those that have names."""


@command_of(
    "list",
    examples={
        "List the data sets that have names": "nnfang data list",
        "With classes, folders and citations, for a program": "nnfang data list --json",
    },
)
@options.as_json
def list_known(*, as_json: bool) -> None:
    """List the data sets that have names.

    Says what they are, how large they are, and which are here, so that they need no download. What is in the cache is
    verified.
    """
    from nnfang import data

    listings = data.list_known()
    if as_json:
        for listing in listings:
            console.write_json(describe(listing))
    else:
        columns.show(HEADER, [list(row_of(listing)) for listing in listings], GIVE_WAY)


def describe(listing: Listing) -> dict[str, Any]:
    """A data set for a program."""
    return {
        "name": listing.name,
        "description": listing.description,
        "training_images": listing.images[0],
        "test_images": listing.images[1],
        "class_names": listing.class_names,
        "bytes": listing.size,
        "here": listing.is_here,
        "folder": console.encodable(listing.folder),
        "citation": listing.citation,
    }


def row_of(listing: Listing) -> tuple[str, ...]:
    """A data set for a person."""
    train, test = (f"{images:,}" for images in listing.images)
    size, here = f"{listing.size / MEGABYTE:.1f}", "yes" if listing.is_here else "no"
    return listing.name, listing.description, train, test, str(len(listing.class_names)), size, here


@command_of(
    "fetch",
    examples={
        "Download a data set": "nnfang data fetch mnist",
        "Download several": "nnfang data fetch mnist fashion-mnist kmnist",
    },
)
@argument(
    "names",
    metavar="NAME...",
    nargs=-1,
    required=True,
    shell_complete=completion.complete_known_dataset,
    description="Data sets to download, by their names.",
)
@options.offline
@options.quiet
@options.verbose
def fetch(names: tuple[str, ...], *, offline: bool, quiet: bool) -> None:
    """Download data sets that have names.

    What is in the cache is verified, and only what is missing or damaged is downloaded. stdout says where each is.
    Where one cannot be had, the others are downloaded all the same, and the exit code is 5.
    """
    from nnfang import data
    from nnfang.commands import views
    from nnfang.errors import UnavailableError

    for name in names:
        data.find_folder(name)  # a slip of the keyboard is noticed before a download
    failures = []
    for name in dict.fromkeys(names):
        try:
            folder = data.fetch_known(name, offline=offline, progress=views.download_progress(quiet=quiet))
        except UnavailableError as error:
            failures.append(error)
        else:
            console.result(f"{name}  {folder}")
    for failure in failures[:-1]:
        console.print_error(str(failure))
    if failures:
        raise failures[-1]


@command_of(
    "where",
    examples={
        "Show the folder of downloaded data sets": "nnfang data where",
        "Delete one of them": 'rm -r "$(nnfang data where kmnist)"',
    },
)
@argument(
    "name",
    metavar="NAME",
    required=False,
    shell_complete=completion.complete_known_dataset,
    description="Data set whose folder is wanted.  [default: the folder of all]",
)
def where(name: str | None) -> None:
    """Print the folder of downloaded data sets.

    The path alone, for scripts, whether anything is in it or not. NNFANG_DATA_DIR sets it.
    """
    from nnfang import data

    console.write(str(data.find_cache() if name is None else data.find_folder(name)))


@command_of(
    "check",
    examples={
        "Check a folder of pictures": "nnfang data check letters",
        "Check a table of labels and pixels, for a program": "nnfang data check digits.csv --json",
        "Let a job of CI fail where something is wrong": "nnfang data check -q --strict own.npz",
    },
)
@argument(
    "name",
    metavar="NAME|PATH",
    callback=options.check_name,
    shell_complete=completion.complete_dataset,
    description="Data set to check: the name of one, or the path of IDX files, of a .npz or .csv file, or of a folder "
    "with one subfolder of pictures per class.",
)
@option(
    "--strict",
    group=options.OUTPUT,
    is_flag=True,
    help="Exit with 3 if there is any finding but near duplicates.",
)
@options.offline
@options.as_json
@options.quiet
@options.verbose
def check(name: str, *, strict: bool, offline: bool, as_json: bool, quiet: bool) -> None:
    """Check a data set: the images of each class, and what may be wrong.

    Looks for the same image with several labels, training images among the test images, duplicates, near duplicates,
    images of a single colour, and files that cannot be read.
    """
    from nnfang.commands import findings, views
    from nnfang.errors import QualityGateError
    from nnfang.runs.datasets import examine_data

    progress = views.download_progress(quiet=quiet)
    found = examine_data(name, offline=offline, progress=progress)
    if as_json:
        console.write_json(findings.as_json(found))
    else:
        findings.show(found)
    if strict and (faults := findings.list_faults(found)):
        raise QualityGateError(f"--strict: {', '.join(faults)}", name)


for _command in (list_known, fetch, check, where):
    command.add_command(_command)
