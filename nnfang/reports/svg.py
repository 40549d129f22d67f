"""A figure as SVG that takes its colours from the style sheet of the page that it stands in, on light paper or dark.

matplotlib writes each colour into an attribute ``style``. Here every such style becomes a class, and each colour of
`PAGE` a variable of CSS: a page needs no inline style then, which a strict Content-Security-Policy forbids, and one
figure does for both papers.
"""

from __future__ import annotations

import re
import warnings
from io import StringIO
from typing import TYPE_CHECKING

import matplotlib as mpl
from markupsafe import Markup, escape

from nnfang.reports.style import BLUE, GREEN, ORANGE, PURPLE, VERMILION, Theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

PAGE = Theme(paper="#010101", ink="#020202", quiet="#030303", line="#040404", orange=("#050505", "#060606", "#070707"))
"""Colours that stand for those of the page."""

VARIABLES = {
    PAGE.paper: "paper",
    PAGE.ink: "ink",
    PAGE.quiet: "quiet",
    PAGE.line: "line",
    BLUE: "blue",
    ORANGE: "orange",
    GREEN: "green",
    VERMILION: "vermilion",
    PURPLE: "purple",
}
"""Colour in a figure -> variable of CSS."""

UNNEEDED = re.compile(
    r"<metadata>.*?</metadata>|<defs>\s*<style[^>]*>.*?</style>\s*</defs>|<!--.*?-->|\s*$", re.DOTALL | re.MULTILINE
)
ROOT = re.compile(r'.*?<svg [^>]*viewBox="(?P<box>[^"]*)"[^>]*>', re.DOTALL)


class Charts:
    """The figures of one page, which share their styles.

    Attributes:
        rules: A rule of CSS for each style in use: declarations -> name of the class.
    """

    def __init__(self) -> None:
        self.rules: dict[str, str] = {}
        self._drawn = 0

    def add(self, draw: Callable[[], Figure], description: str) -> Markup:
        """Draw a figure.

        Args:
            draw: Makes it, in the colours of `PAGE`.
            description: For whoever cannot see it.
        """
        with warnings.catch_warnings(), mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "nnfang"}):
            warnings.simplefilter("ignore")  # of letters that the font lacks; the page has other fonts
            content = StringIO()
            draw().savefig(content, format="svg", metadata={"Date": None, "Creator": None})
        self._drawn += 1
        svg = UNNEEDED.sub("", content.getvalue())
        root = ROOT.match(svg)
        if root is None:
            raise ValueError("matplotlib has written no SVG with a viewBox")
        # Of several figures in one page, each needs names of its own.
        body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>f{self._drawn}-", svg[root.end() :])
        body = re.sub(r'style="([^"]*)"', lambda found: f'class="{self._name(found[1])}"', body)
        label = escape(description)
        return Markup(f'<svg class="chart" viewBox="{root["box"]}" role="img" aria-label="{label}">{body}')  # noqa: S704  # our own

    def _name(self, style: str) -> str:
        """The class of a style."""
        for colour, variable in VARIABLES.items():
            style = style.replace(colour, f"var(--{variable})")
        return self.rules.setdefault(style, f"c{len(self.rules)}")

    @property
    def css(self) -> str:
        """The rules."""
        return "\n".join(f".{name}{{{style}}}" for style, name in self.rules.items())
