"""Pictures as text: two pixels in each character, in colour where there is some.

A character of a terminal is about twice as high as it is wide. So ``▀``, whose upper half has one colour and whose
lower half another, shows two pixels as two squares. Without colours a half is there or not; without these characters,
one that is darker or lighter stands for both pixels.
"""

from __future__ import annotations

from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.reports.scaling import strongest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    Grey = npt.NDArray[np.uint8]
    Box = tuple[int, int, int, int]

UPPER, LOWER, BOTH = "▀▄█"
EIGHTHS = " ▏▎▍▌▋▊▉█"
RAMP = " .:-=+*#%@"
"""From no ink to full ink."""

MIDDLE = 128
"""The level from which on a pixel is there, where it can only be there or not."""

BLUES, ORANGES = (146, 111, 75, 39), (144, 179, 214, 208)
"""Of the 256 colours of terminals, from hardly to fully coloured. They are about equally light, and so legible on black
and on white; colour-blind people tell them apart."""

FRAME = 208
SIGNS = {"for": "+#", "against": "-="}
"""What stands for little and for much, where there are no colours."""

LEAST = 0.12
"""The part of the largest value below which nothing is shown."""

BLACK, WHITE, FIRST_GREY, GREYS = 16, 231, 232, 24


class Medium(Enum):
    """What can be written: colours and blocks, blocks alone, or neither."""

    COLOUR = "colour"
    BLOCKS = "blocks"
    ASCII = "ascii"


def choose_medium(encoding: str | None, *, has_colours: bool) -> Medium:
    """The best that a stream of this encoding can show."""
    try:
        f"{UPPER}{LOWER}{EIGHTHS}".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return Medium.ASCII
    return Medium.COLOUR if has_colours else Medium.BLOCKS


def draw_grey(image: Grey, medium: Medium, box: Box | None = None) -> list[str]:
    """A picture (h, w), white on black; in lines of w columns, h / 2 of them.

    Args:
        image: What is drawn.
        medium: What with.
        box: Left, top, right and bottom of a frame around something, which is coloured, or drawn in ``+``.
    """
    edge = _trace(box, image.shape) if box else np.zeros(image.shape, bool)
    if medium is Medium.COLOUR:
        # The ramp between is a little lighter than black, and a little darker than white.
        ramp = np.array([BLACK, *range(FIRST_GREY, FIRST_GREY + GREYS), WHITE])
        colours = ramp[np.rint(image * ((len(ramp) - 1) / 255)).astype(int)]
        return _draw_colours(np.where(edge, FRAME, colours))
    upper, lower = _rows(image)
    if medium is Medium.BLOCKS:
        characters = np.array([" ", UPPER, LOWER, BOTH])[(upper >= MIDDLE) + 2 * (lower >= MIDDLE)]
    else:
        characters = np.array(list(RAMP))[(upper.astype(int) + lower) * len(RAMP) // (2 * 256)]
    top, bottom = _rows(edge)
    return ["".join(row) for row in np.where(top | bottom, "+", characters)]


def draw_signed(values: npt.NDArray[np.float64], medium: Medium) -> list[str]:
    """Values (h, w) of either sign, blue above 0 and orange below, in lines of w columns, h / 2 of them."""
    strengths = values / strongest(values)
    if medium is Medium.COLOUR:
        shade = np.clip(np.abs(strengths) * len(BLUES), 0, len(BLUES) - 1).astype(int)
        colours = np.where(strengths > 0, np.array(BLUES)[shade], np.array(ORANGES)[shade])
        return _draw_colours(np.where(np.abs(strengths) < LEAST, -1, colours))
    upper, lower = _rows(strengths)
    mean = (upper + lower) / 2
    return ["".join(map(_sign, row)) for row in mean.tolist()]


def draw_bar(share: float, width: int, medium: Medium) -> str:
    """A bar as long as a part, from 0 to 1, of `width` columns."""
    if medium is Medium.ASCII:
        return "#" * round(share * width)
    whole, eighths = divmod(round(share * width * 8), 8)
    return BOTH * whole + EIGHTHS[eighths].rstrip()


def beside(columns: int, blocks: Iterable[tuple[int, Sequence[str]]], gap: int = 2) -> list[str]:
    """Blocks of lines beside each other as far as there is room, the others below.

    Args:
        columns: How many there are.
        blocks: Of each the columns that its widest line takes, and the lines.
        gap: Columns between two.
    """
    rows: list[list[tuple[int, Sequence[str]]]] = []
    for block in blocks:
        used = sum(width + gap for width, _ in rows[-1]) if rows else columns
        if used + block[0] > columns:
            rows.append([])
        rows[-1].append(block)
    lines = []
    for number, row in enumerate(rows):
        lines += [""] * (number > 0)
        for i in range(max(len(block) for _, block in row)):
            parts = [(width, block[i] if i < len(block) else "") for width, block in row]
            lines.append((" " * gap).join(pad(text, width) for width, text in parts).rstrip(" "))
    return lines


def pad(text: str, width: int) -> str:
    """A line with spaces behind it; what chooses its colours takes no room."""
    visible = "".join(part.partition("m")[2] if number else part for number, part in enumerate(text.split("\x1b[")))
    return text + " " * (width - len(visible))


def _rows(image: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The even and the odd rows of an image (h, w), one of 0 after the last where their number is odd."""
    whole = np.pad(image, ((0, len(image) % 2), (0, 0)))
    return whole[::2], whole[1::2]


def _trace(box: Box, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """The pixels just outside a box, as far as they are in an image (h, w)."""
    left, top, right, bottom = box
    y, x = np.arange(shape[0])[:, None], np.arange(shape[1])
    inside_y, inside_x = (y >= top - 1) & (y <= bottom), (x >= left - 1) & (x <= right)
    on_y = (y == max(top - 1, 0)) | (y == min(bottom, shape[0] - 1))
    on_x = (x == max(left - 1, 0)) | (x == min(right, shape[1] - 1))
    edge: npt.NDArray[np.bool_] = (on_y & inside_x) | (on_x & inside_y)
    return edge


def _draw_colours(colours: npt.NDArray[np.int_]) -> list[str]:
    """Lines of half-blocks in colours (h, w), where -1 is that of the terminal."""
    uppers = colours[::2]
    lowers = np.full_like(uppers, -1)
    lowers[: len(colours) // 2] = colours[1::2]
    return [
        "".join(
            _draw_run(top, bottom, sum(1 for _ in run))
            for (top, bottom), run in groupby(zip(above.tolist(), below.tolist(), strict=True))
        )
        for above, below in zip(uppers, lowers, strict=True)
    ]


def _draw_run(top: int, bottom: int, length: int) -> str:
    """Equal characters in a row."""
    if top < 0 and bottom < 0:
        return " " * length
    if top < 0:
        return f"\x1b[38;5;{bottom}m{LOWER * length}\x1b[0m"
    behind = f"\x1b[48;5;{bottom}m" if bottom >= 0 else ""
    return f"\x1b[38;5;{top}m{behind}{UPPER * length}\x1b[0m"


def _sign(strength: float) -> str:
    if abs(strength) < LEAST:
        return " "
    return SIGNS["for" if strength > 0 else "against"][abs(strength) > 0.5]  # noqa: PLR2004
