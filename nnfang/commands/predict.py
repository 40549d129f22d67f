"""``nnfang predict``: checkpoint + pictures -> what they show."""

from __future__ import annotations

import csv
import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nnfang.commands import console, options
from nnfang.errors import BlankError, NnfangError, PictureError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nnfang.core.arrays import Array
    from nnfang.images import Prepared
    from nnfang.runs.checkpoint import Checkpoint


UNFIT = r"[\x00-\x1f\x7f<>:\"/\\|?*]+"
"""What the name of a file cannot have everywhere, or should not have anywhere."""

STEM = 50
"""Characters of a picture's name that are kept: a file's name has room for no more than 255 bytes."""


def refuse_empty(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse the empty text that a shell makes of a variable that is not set; as a path it would mean this folder."""
    if "" in names:
        raise click.BadParameter("an empty text is no picture; is a variable of your shell not set?")
    return names


def list_samples(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """The pictures that come with nnfang, and what each is."""
    from nnfang.images import PREFIX, SAMPLES

    if wanted:
        for key, sample in SAMPLES.items():
            click.echo(f"{PREFIX}{key}  {sample.description}")
        ctx.exit()


@click.command("predict")
@options.model
@click.option("--top", type=click.IntRange(min=1), default=1, metavar="K", help="Name the K likeliest classes.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    show_default=True,
    help="Of stdout.",
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
    """Say what pictures show.

    Pictures are files, folders, globs, or - for standard input, in any format that Pillow reads; sample:7 is one that
    comes with nnfang. Where there is no run yet, the network that comes with nnfang answers.

    \b
    nnfang predict sample:7
    nnfang predict digit.png
    nnfang predict --top 3 --format json scans/
    nnfang predict --save-input seen/ photo.jpg
    cat digit.png | nnfang predict -
    """
    _, checkpoint = options.load_model(model, is_quiet=quiet, or_bundled=True)
    if len(checkpoint.meta.input_shape) != 2:  # noqa: PLR2004 - height and width
        raise NnfangError(
            f"this network's inputs are {checkpoint.meta.input_shape[0]} numbers, not a picture of a height and a width"
        )
    top = min(top, len(checkpoint.class_names))
    failed = 0
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    if style == "csv":
        click.echo(_csv_line(csv_header(checkpoint, top)))
    preparation = "plain" if raw else checkpoint.meta.preparation
    for number, (name, picture) in enumerate(read_pictures(pictures, checkpoint.meta.input_shape, preparation), 1):
        if isinstance(picture, PictureError):
            refuse(name, picture, style)
            failed += 1
            continue
        if folder:
            save_input(folder, number, name, picture)
        if style != "json":  # where they stand beside the answer
            for warning in picture.warnings:
                console.warn(f"{console.one_line(name)}: {warning}")
        outputs = checkpoint.predict(picture.image[None])[0]
        answer = FORMATS[style](name, checkpoint, outputs, top, picture)
        click.echo(answer, color=True)  # or what looks like a colour would be cut out of a name
    if failed:
        sys.exit(PictureError.exit_code)


def read_pictures(
    arguments: tuple[str, ...], shape: tuple[int, ...], preparation: str
) -> Iterator[tuple[str, Prepared | PictureError]]:
    """Each picture as the network wants it, one at a time, or why it cannot be had; in the order of the arguments."""
    from nnfang import images

    for argument in arguments:
        try:
            if argument == "-":
                yield "-", images.load_prepared(sys.stdin.buffer, shape, preparation, name="standard input")
                continue
            if argument.startswith(images.PREFIX):
                yield argument, images.load_prepared(images.find_sample(argument), shape, preparation, name=argument)
                continue
            for path in images.find_pictures([argument]):
                try:
                    yield str(path), images.load_prepared(path, shape, preparation)
                except PictureError as error:
                    yield str(path), error
        except PictureError as error:
            yield argument, error


def refuse(name: str, error: PictureError, style: str) -> None:
    """Say why a picture has no answer; in JSON, one that shows nothing is listed nevertheless."""
    import msgspec

    console.complain(console.one_line(str(error)))
    if style == "json" and isinstance(error, BlankError):
        blank = {"path": console.encodable(name), "label": None, "warnings": [error.reason]}
        click.echo(msgspec.json.encode(blank), color=True)


def save_input(folder: Path, number: int, name: str, picture: Prepared) -> None:
    """Write what the network sees of the picture with this number; two may have the same name."""
    from nnfang import images

    stem = "stdin" if name == "-" else re.sub(UNFIT, "-", Path(name).stem[:STEM])
    images.save_image(folder / f"{number:04d}-{stem}.png", picture.image)


def likeliest(checkpoint: Checkpoint, outputs: Array, top: int) -> list[tuple[str, float]]:
    """The names of the `top` classes with the largest outputs, and the outputs; largest first."""
    order = (-outputs).argsort(kind="stable")[:top]
    return [(checkpoint.class_names[i], float(outputs[i])) for i in order]


def name_outputs(checkpoint: Checkpoint) -> tuple[str, str]:
    """What an output is, in singular and plural: a probability, or a score of any size."""
    is_probability = checkpoint.network.output_activation == "softmax"
    return ("probability", "probabilities") if is_probability else ("score", "scores")


def format_text(name: str, checkpoint: Checkpoint, outputs: Array, top: int, picture: Prepared) -> str:
    """``7  99.8%  digit.png``."""
    show = "{:5.1%}" if name_outputs(checkpoint)[0] == "probability" else "{:6.3f}"
    parts = [f"{label}  {show.format(value)}" for label, value in likeliest(checkpoint, outputs, top)]
    return "  ".join([*parts, console.one_line(name)])


def format_json(name: str, checkpoint: Checkpoint, outputs: Array, top: int, picture: Prepared) -> bytes:
    """``{"path": …, "label": "7", "probability": …, "probabilities": {…}}``, and what was done to the picture.

    With --top, also the likeliest classes.
    """
    import msgspec

    one, many = name_outputs(checkpoint)
    best = likeliest(checkpoint, outputs, top)
    found = {
        "path": console.encodable(name),
        "label": best[0][0],
        one: best[0][1],
        many: dict(zip(checkpoint.class_names, outputs.tolist(), strict=True)),
    }
    if top > 1:
        found["top"] = [{"label": label, one: value} for label, value in best]
    found["prepared"] = {
        "inverted": picture.is_inverted,
        "crop": picture.crop,
        "scale": picture.scale,
        "shift": picture.shift,
    }
    found["warnings"] = picture.warnings
    return msgspec.json.encode(found)  # bytes: JSON is UTF-8, whatever stdout is


def format_csv(name: str, checkpoint: Checkpoint, outputs: Array, top: int, picture: Prepared) -> str:
    """The columns of `csv_header`."""
    return _csv_line(
        [console.encodable(name), *(cell for pair in likeliest(checkpoint, outputs, top) for cell in pair)]
    )


def csv_header(checkpoint: Checkpoint, top: int) -> list[str]:
    """path, label, probability, and label_2, probability_2 … with --top."""
    columns = ("label", name_outputs(checkpoint)[0])
    return ["path", *columns, *(f"{name}_{k}" for k in range(2, top + 1) for name in columns)]


def _csv_line(cells: Sequence[str | float]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)  # what stands in the terminator is quoted in a cell
    return line.getvalue().removesuffix("\r\n")


FORMATS = {"text": format_text, "json": format_json, "csv": format_csv}
