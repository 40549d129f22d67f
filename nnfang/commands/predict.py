"""``nnfang predict``: checkpoint + pictures -> what they show."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from nnfang.commands import completion, console, options
from nnfang.commands.formatting import argument, option
from nnfang.commands.formatting import command as command_of
from nnfang.errors import PictureError

if TYPE_CHECKING:
    from pathlib import Path


PICTURES = "Pictures"
"""The group of the options that no other command has."""

DOUBT = "Doubt"
"""The group of those that say what is not believed."""

FORMATS = options.ChoiceType(["text", "json", "csv"])


def refuse_empty(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse the empty string that a shell makes of a variable that is not set; as a path it would mean this folder."""
    if "" in names:
        raise click.BadParameter("an empty string is no picture; is a variable of your shell not set?")
    return names


def list_samples(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """The pictures that come with nnfang, and what each is."""
    if wanted and not ctx.resilient_parsing:
        from nnfang.images import PREFIX, SAMPLES

        for key, sample in SAMPLES.items():
            console.write(f"{PREFIX}{key}  {sample.description}")
        ctx.exit()


@command_of(
    "predict",
    examples={
        "Classify a picture that comes with nnfang": "nnfang predict sample:7",
        "Name the three most likely classes of each picture in a folder": "nnfang predict --top 3 --format json scans/",
        "Read all digits of a picture": "nnfang predict --number receipt.png",
        "Ask two networks, and take the mean of their probabilities": "nnfang predict -m runs/a -m runs/b digit.png",
        "See what the network sees": "nnfang predict --save-input seen/ photo.jpg",
        "Classify what another program writes": "cat digit.png | nnfang predict -",
    },
)
@options.models
@option("--number", "is_number", group=PICTURES, is_flag=True, help="Read all digits, line by line, as one number.")
@option(
    "--raw",
    group=PICTURES,
    is_flag=True,
    help="Take pictures as they are: only converted to greyscale and resized, not inverted.",
)
@option(
    "--save-input",
    "folder",
    group=PICTURES,
    type=options.PathType(),
    metavar="DIR",
    help="Write what the network sees to this folder, as PNG.",
)
@option("--force", group=PICTURES, is_flag=True, help="Overwrite pictures that are already in that folder.")
@option(
    "--list-samples",
    group=PICTURES,
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=list_samples,
    help="List the pictures that come with nnfang, and exit.",
)
@option(
    "--min-probability",
    group=DOUBT,
    type=options.NumberType(float),
    default=0.0,
    callback=options.check_fraction,
    metavar="P",
    help=f"Answer {options.REJECTED} where the largest probability is below P, from 0 to 1.",
)
@option(
    "--reject", "rejects", group=DOUBT, is_flag=True, help=f"Answer {options.REJECTED} where a picture is unfamiliar."
)
@option(
    "--top",
    group=options.OUTPUT,
    type=options.NumberType(int, 1),
    default=1,
    metavar="K",
    show_default=True,
    help="Name the K most likely classes.",
)
@option(
    "--format",
    "style",
    group=options.OUTPUT,
    type=FORMATS,
    default="text",
    metavar=FORMATS.metavar,
    show_default=True,
    help="Write stdout in this format.",
)
@options.quiet
@options.verbose
@argument(
    "pictures",
    metavar="IMAGE...",
    nargs=-1,
    required=True,
    callback=refuse_empty,
    shell_complete=completion.complete_picture,
    description="Pictures to classify, as files, folders, globs, - for standard input, or samples such as sample:7.",
)
def command(
    models: tuple[Path, ...],
    pictures: tuple[str, ...],
    *,
    top: int,
    style: str,
    is_number: bool,
    raw: bool,
    folder: Path | None,
    force: bool,
    min_probability: float,
    rejects: bool,
    quiet: bool,
) -> None:
    """Classify pictures.

    Photos, scans and drawings in any format that Pillow reads: the digit is found, cut out and prepared like the images
    that the network was trained on. Where there is no run yet, the network that comes with nnfang is used.

    Each picture has a row. That of a picture that is blank, cannot be read, or is rejected gives the reason in place of
    a label; the exit code is then 1.

    Where a picture is so unlike those that the network was trained on as only one true image in a hundred is, a warning
    stands beside the answer.

    With --number, every digit of a picture is read, line by line. What is no digit is left out, with a warning.
    """
    from nnfang.commands import numbers, predictions
    from nnfang.commands.loading import load_classifier
    from nnfang.runs.numbers import predict_numbers
    from nnfang.runs.pictures import predict_pictures

    if is_number:
        numbers.refuse_options(raw=raw, top=top)
    _, classifier = load_classifier(models, is_quiet=quiet)
    doubts, stdin = predictions.Doubts(min_probability, rejects), sys.stdin.buffer
    seen = predictions.InputFolder(folder, may_replace=force) if folder else None
    if is_number:
        several = predict_numbers(classifier, pictures, stdin=stdin)
        failed = predictions.write_all(several, numbers.WRITERS[style](classifier, doubts), seen)
    else:
        single = predict_pictures(classifier, pictures, raw=raw, stdin=stdin)
        failed = predictions.write_all(single, predictions.WRITERS[style](classifier, top, doubts), seen)
    if failed:
        sys.exit(PictureError.exit_code)
