"""``nnfang explain``: checkpoint + picture -> what it shows, and why the network says so."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from nnfang.commands import completion, console, options
from nnfang.commands.formatting import argument, option
from nnfang.commands.formatting import command as command_of
from nnfang.errors import NnfangError

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.runs.explanation import Explanation

NEEDS_LIBRARIES = "a page needs matplotlib and jinja2: pip install 'nnfang[report]'"


def refuse_empty(ctx: click.Context, param: click.Parameter, name: str) -> str:
    """Refuse the empty string that a shell makes of a variable that is not set; as a path it would mean this folder."""
    if not name:
        raise click.BadParameter("an empty string is no picture; is a variable of your shell not set?")
    return name


@command_of(
    "explain",
    examples={
        "Explain what the network sees in a picture that comes with nnfang": "nnfang explain sample:7",
        "Write a page that shows the network at work on a picture": "nnfang explain digit.png -o explain.html",
    },
)
@options.model
@option("--raw", group="Picture", is_flag=True, help="Take it as it is: only converted to greyscale and resized.")
@option(
    "-o",
    "--output",
    "file",
    group=options.OUTPUT,
    type=options.PathType(),
    metavar="FILE.html",
    help="Write it as a page to this file, with what each layer does.",
)
@option("--force", group=options.OUTPUT, is_flag=True, help="Overwrite FILE.html if it exists.")
@options.as_json
@options.quiet
@options.verbose
@argument(
    "picture",
    metavar="IMAGE",
    callback=refuse_empty,
    shell_complete=completion.complete_picture,
    description="Picture to explain: a file, - for standard input, or a sample such as sample:7.",
)
def command(
    model: Path | None, picture: str, *, raw: bool, file: Path | None, force: bool, as_json: bool, quiet: bool
) -> None:
    """Explain what a network says of a picture.

    Shows the picture with what was found on it, each step of the preparation, what the network sees and says, which
    pixels speak for the answer and which for the runner-up, the nearest training images, how familiar the picture is,
    and what to make of it all. Training images are taken from the cache; nothing is downloaded.

    With -o, all of it and the forward pass layer by layer is written as a page that needs no network, no script and no
    other file; then only the name of the file is printed.
    """
    from nnfang.commands.loading import load_model
    from nnfang.commands.targets import check_target
    from nnfang.runs.explanation import explain_picture

    if file:
        check_target(file, may_replace=force)
        check_libraries(file)
    path, checkpoint = load_model(model, is_quiet=quiet, or_bundled=True)
    explanation = explain_picture(checkpoint, picture, raw=raw, stdin=sys.stdin.buffer)
    if file:
        write(file, explanation, may_replace=force)
    if as_json:
        from nnfang.reports.explanation import as_tree
        from nnfang.runs.bundled import BUNDLED, NETWORK

        model_name = BUNDLED if path == NETWORK else console.encodable(path)
        names = {"path": console.encodable(explanation.prediction.name), "model": model_name}
        console.write_json({**names, **as_tree(explanation)})
    elif file:
        console.result(console.one_line(str(file)))
    else:
        from nnfang.commands.explanations import View

        View(explanation).show()


def check_libraries(file: Path) -> None:
    """Refuse what could not be drawn, before anything is read.

    Raises:
        NnfangError: matplotlib or jinja2 is not installed.
    """
    try:
        from nnfang.reports import explanation_page  # noqa: F401
    except ImportError as error:
        if (error.name or "").startswith("nnfang"):  # a fault of our own
            raise
        raise NnfangError(NEEDS_LIBRARIES, file) from error


def write(file: Path, explanation: Explanation, *, may_replace: bool) -> None:
    """Write the page.

    Raises:
        NnfangError: It cannot be written.
    """
    from nnfang.commands.targets import naming
    from nnfang.files import replacing
    from nnfang.reports.explanation_page import render

    content = render(explanation)
    with naming(file), replacing(file, may_replace=may_replace) as page:
        page.write(content)
