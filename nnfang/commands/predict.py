"""``nnfang predict``: checkpoint + pictures -> what they show."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from nnfang.commands import console, options
from nnfang.errors import PictureError

if TYPE_CHECKING:
    from pathlib import Path


def refuse_empty(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse the empty string that a shell makes of a variable that is not set; as a path it would mean this folder."""
    if "" in names:
        raise click.BadParameter("an empty string is no picture; is a variable of your shell not set?")
    return names


def list_samples(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """The pictures that come with nnfang, and what each is."""
    if wanted:
        from nnfang.images import PREFIX, SAMPLES

        for key, sample in SAMPLES.items():
            click.echo(f"{PREFIX}{key}  {sample.description}")
        ctx.exit()


@click.command("predict")
@options.model
@click.option("--top", type=click.IntRange(min=1), default=1, metavar="K", help="Name the K most likely classes.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    show_default=True,
    help="Format of stdout.",
)
@click.option("--raw", is_flag=True, help="Take a picture as it is: only made grey and resized, not inverted.")
@click.option(
    "--save-input", "folder", type=options.PathType(), metavar="DIR", help="Write what the network sees there, as PNG."
)
@click.option(
    "--list-samples",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=list_samples,
    help="Name the pictures that come with nnfang, and exit.",
)
@options.quiet
@click.argument("pictures", metavar="IMAGE...", nargs=-1, required=True, callback=refuse_empty)
def command(
    model: Path | None, pictures: tuple[str, ...], *, top: int, style: str, raw: bool, folder: Path | None, quiet: bool
) -> None:
    """Classify pictures.

    Pictures are files, folders, globs, or - for standard input, in any format that Pillow reads; sample:7 is one that
    comes with nnfang. Where there is no run yet, the network that comes with nnfang answers.

    Each picture has a row. That of a picture that is blank or cannot be read gives the reason in place of a label; the
    exit code is then 1.

    \b
    nnfang predict sample:7
    nnfang predict digit.png
    nnfang predict --top 3 --format json scans/
    nnfang predict --save-input seen/ photo.jpg
    cat digit.png | nnfang predict -
    """
    from nnfang.commands import predictions
    from nnfang.commands.loading import load_model
    from nnfang.runs.pictures import predict_pictures

    _, checkpoint = load_model(model, is_quiet=quiet, or_bundled=True)
    writer = predictions.WRITERS[style](checkpoint, top)
    failed = 0
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    found = predict_pictures(checkpoint, pictures, raw=raw, stdin=sys.stdin.buffer if sys.stdin else None)
    for number, prediction in enumerate(found, 1):
        if number == 1:
            writer.write_header()
        if isinstance(prediction, tuple):
            name, error = prediction
            console.print_error(console.one_line(str(error)))
            writer.write_failure(name, error)
            failed += 1
            continue
        if folder:
            predictions.save_input(folder, number, prediction)
        writer.write(prediction)
    if failed:
        sys.exit(PictureError.exit_code)
