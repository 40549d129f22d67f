"""A page of HTML that needs nothing else: no network, no script, no other file.

What strangers chose, such as the name of a class, is text there and never markup: the template escapes all that it is
given. Should that ever fail, the page's Content-Security-Policy forbids whatever a browser could load, run or send.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from nnfang import __version__
from nnfang.names import UNSAFE, escape
from nnfang.reports.gallery import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nnfang.reports.distributions import Distribution
    from nnfang.reports.svg import Charts

TEMPLATES = Path(__file__).parent / "templates"

UNSAFE_IN_TEXT = UNSAFE.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f")
"""What no page shows as it is; the end of a line is harmless there."""

MINUTE = 60
SMALLEST, LARGEST = 1e-6, 1e6
"""Of numbers that are written without a power of ten."""


def duration(seconds: float) -> str:
    """A time in words: ``0.105 s``, ``2 min 5 s``, ``3 h 20 min``."""
    if seconds < MINUTE:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    return f"{minutes} min {rest} s" if minutes < MINUTE else f"{minutes // MINUTE} h {minutes % MINUTE} min"


def percent_or_dash(fraction: float | None) -> str:
    """``97.93%``, or what stands for nothing."""
    return "–" if fraction is None else f"{fraction:.2%}"


def tenths(fraction: float | None) -> str:
    """``97.9%``, for what few images tell no more precisely."""
    return "–" if fraction is None else f"{fraction:.1%}"


def spread(found: Distribution) -> str:
    """``0.01 ± 0.13``."""
    if not SMALLEST < found.deviation < LARGEST:
        return f"{found.mean:.2g} ± {found.deviation:.2g}"
    decimals = max(0, 1 - floor(log10(found.deviation)))
    mean = round(found.mean, decimals) + 0.0  # never -0
    return f"{mean:.{decimals}f} ± {found.deviation:.{decimals}f}".replace("-", "−")


def signed(value: float) -> str:
    """``−2.02``, with the sign of minus, and never -0."""
    return f"{round(float(value), 2) + 0.0:.2f}".replace("-", "−")


FILTERS: dict[str, Callable[..., Any]] = {
    "percent": "{:.2%}".format,
    "percent_or_dash": percent_or_dash,
    "tenths": tenths,
    "integer": "{:,}".format,
    "duration": duration,
    "shorten": shorten,
    "signed": signed,
    "spread": spread,
}
"""How values are written in the templates."""


def fill(template: str, drawn: Charts, values: Mapping[str, Any]) -> bytes:
    """A page, in UTF-8.

    Args:
        template: The name of its file.
        drawn: What draws its charts, all of which are in `values` already.
        values: What it shows, by the names in the template.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    css = (TEMPLATES / "page.css").read_text(encoding="utf-8") + drawn.css
    digest = b64encode(hashlib.sha256(css.encode()).digest()).decode()
    text = environment.get_template(template).render(
        css=Markup(css),  # noqa: S704  # our own
        policy=f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        version=__version__,
        **values,
    )
    return text.encode()


def _finalize(value: Any) -> Any:
    """Text without what could turn its direction; nothing for None."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return escape(value, UNSAFE_IN_TEXT)
    return "" if value is None else value
