"""How every figure looks: few colours, which colour-blind people tell apart, and no ink that tells nothing.

Figures are made by matplotlib's objects, never by pyplot, which keeps a list of them and may look for a display.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, VERMILION, PURPLE = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7"
"""Of the palette of Okabe and Ito 2008, those that are legible as lines on light paper and on dark."""

DOTS_PER_INCH = 150
TEXT, SMALL_TEXT, TITLE = 9, 7.5, 11
"""Sizes of letters, in points."""


@dataclass(frozen=True)
class Theme:
    """What differs between light and dark paper.

    Attributes:
        paper: Behind everything.
        ink: Of text.
        quiet: Of axes, ticks and remarks.
        line: Of what must hardly be seen.
        orange: Three shades of it, ever further away from the paper.
    """

    paper: str
    ink: str
    quiet: str
    line: str
    orange: tuple[str, str, str]

    @property
    def shades(self) -> LinearSegmentedColormap:
        """From the paper through orange, on light paper ever darker, on dark ever lighter: for counts of errors."""
        return LinearSegmentedColormap.from_list("errors", [self.paper, *self.orange])


PALE, DEEP = "#f2b48a", "#8a3800"
"""Vermilion with white, and with black."""

LIGHT = Theme(paper="#ffffff", ink="#1f2328", quiet="#656d76", line="#d1d9e0", orange=(PALE, VERMILION, DEEP))
DARK = Theme(paper="#0d1117", ink="#e6edf3", quiet="#7d8590", line="#3d444d", orange=(DEEP, VERMILION, PALE))


def make_figure(width: float, height: float, theme: Theme = LIGHT, *, is_arranged: bool = True) -> Figure:
    """An empty figure, inches wide and high, which arranges what is put into it unless it is told not to."""
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, facecolor=theme.paper)
    figure.set_layout_engine("constrained" if is_arranged else "none")
    FigureCanvasAgg(figure)
    return figure


def strip(axes: Axes, theme: Theme = LIGHT) -> None:
    """Leave of the axes two thin lines and small figures."""
    axes.set_facecolor(theme.paper)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(theme.line)
    axes.tick_params(colors=theme.quiet, labelsize=SMALL_TEXT, length=3, width=0.6)


def draw_text(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    """Text at a point of the data; a $ in it is one."""
    axes.text(x, y, text, **{"color": LIGHT.ink, "fontsize": TEXT, "parse_math": False, **style})


def to_png(figure: Figure) -> bytes:
    """The figure as a file."""
    content = BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
