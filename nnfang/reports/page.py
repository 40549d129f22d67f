"""A page of HTML that needs nothing else: no network, no script, no other file.

What strangers chose, such as the name of a class, is text there and never markup: the template escapes all that it is
given. Should that ever fail, the page's Content-Security-Policy forbids whatever a browser could load, run or send.
"""

from __future__ import annotations

import hashlib
import shlex
from base64 import b64encode
from functools import partial
from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from nnfang import __version__
from nnfang.names import UNSAFE, escape
from nnfang.reports import charts, png
from nnfang.reports.equations import list_equations
from nnfang.reports.gallery import MOST_PICTURES, shorten
from nnfang.reports.pictures import MOST_LABELLED
from nnfang.reports.svg import Charts
from nnfang.training.evaluation import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnfang.reports.distributions import Distribution
    from nnfang.reports.story import Story

TEMPLATES = Path(__file__).parent / "templates"

UNSAFE_IN_TEXT = UNSAFE.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f")
"""What no page shows as it is; the end of a line is harmless there."""

MINUTE = 60
SMALLEST, LARGEST = 1e-6, 1e6
"""Of numbers that are written without a power of ten."""
MOST_WEIGHTS, MOST_ROWS = 64, 40
"""Units whose weights are shown, and about how many epochs the table has."""
SHADES, IMAGE_AXES, SHORT_NAME = 5, 2, 2
"""Classes of CSS for shades; axes of an image that is a picture; letters of a name that need not stand upright."""


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


FILTERS: dict[str, Callable[..., Any]] = {
    "percent": "{:.2%}".format,
    "percent_or_dash": percent_or_dash,
    "tenths": tenths,
    "integer": "{:,}".format,
    "duration": duration,
    "shorten": shorten,
    "spread": spread,
}
"""How values are written in the templates."""


def render(story: Story) -> bytes:
    """The page of a network, in UTF-8."""
    drawn = Charts()
    values = {**_draw(story, drawn), **_describe(story)}
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
    text = environment.get_template("report.html.jinja").render(
        css=Markup(css),  # noqa: S704  # our own
        policy=f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        **values,
    )
    return text.encode()


def _finalize(value: Any) -> Any:
    """Text without what could turn its direction; nothing for None."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return escape(value, UNSAFE_IN_TEXT)
    return "" if value is None else value


def _draw(story: Story, drawn: Charts) -> dict[str, Any]:
    """The charts and pictures."""
    calibration = story.result.calibration
    return {
        "drawing": drawn.add(partial(charts.draw_layers, story.layers), "The layers with their units and parameters"),
        "curves": _draw_curves(story, drawn),
        "calibration": calibration
        and drawn.add(
            partial(charts.draw_small_calibration, calibration), "How often the network is right when it is so sure"
        ),
        "distributions": [
            (
                story.layers[found.index],
                drawn.add(partial(charts.draw_distributions, found), "Histograms of weights and of activations"),
                found,
            )
            for found in story.distributions
        ],
        "mistakes": _show_mistakes(story),
        "weights": _show_weights(story),
        "matrix": _show_matrix(story),
    }


def _draw_curves(story: Story, drawn: Charts) -> list[tuple[str, Markup]]:
    """Loss and accuracy, and the learning rate where it changes."""
    history, best = story.history, story.best
    if not history or not best:
        return []
    losses = partial(charts.draw_curves, history, best.epoch, "loss", as_text="{:.3g}".format, may_be_log=True)
    accuracies = partial(charts.draw_curves, history, best.epoch, "accuracy", as_text="{:.2%}".format, may_be_log=False)
    curves = [
        ("Loss", drawn.add(losses, "Training and validation loss by epoch")),
        ("Accuracy", drawn.add(accuracies, "Training and validation accuracy by epoch")),
    ]
    if len({epoch.learning_rate for epoch in history}) > 1:
        rates = partial(charts.draw_learning_rate, history, best.epoch)
        curves.append(("Learning rate", drawn.add(rates, "Learning rate by epoch")))
    return curves


def _show_mistakes(story: Story) -> list[dict[str, Any]]:
    """The mistakes of which the network was surest; none where images are no pictures."""
    result, mistakes = story.result, story.mistakes
    if result.outcome.images.ndim <= IMAGE_AXES:
        return []
    return [
        {
            "url": png.to_data_url(png.scale_ink(result.outcome.images[mistakes.rows[place]]), png.INK),
            "index": int(mistakes.rows[place]),
            "true": result.name(int(mistakes.true[place])),
            "predicted": result.name(int(mistakes.predicted[place])),
            "confidence": f"{mistakes.confidence[place]:.0%}" if result.is_probability else "",
        }
        for place in mistakes.most_confident(MOST_PICTURES).tolist()
    ]


def _show_weights(story: Story) -> list[str]:
    """What each unit of the first layer looks for, those of the largest weights first; none without pictures."""
    shape = story.checkpoint.meta.input_shape
    first = next(iter(filter(None, story.checkpoint.network.parameters)))[0]
    if len(shape) != IMAGE_AXES:
        return []
    order = np.argsort(-np.linalg.norm(first, axis=1), kind="stable")[:MOST_WEIGHTS]
    largest = float(np.quantile(np.abs(first[order]), 0.995))
    return [png.to_data_url(png.scale_signed(first[unit].reshape(shape), largest), png.SIGNED) for unit in order]


def _show_matrix(story: Story) -> dict[str, Any]:
    """The confusion matrix: a table with shades, or of many classes a picture."""
    confusion = story.result.evaluation.confusion
    errors = confusion - np.diag(np.diag(confusion))
    most = max(int(errors.max()), 1)
    if len(confusion) > MOST_LABELLED:
        scaled = np.ceil(255 * np.sqrt(errors / most)).astype(np.uint8)
        return {"picture": png.to_data_url(scaled, png.INK), "rows": []}
    shades = np.ceil(SHADES * errors / most).astype(int).tolist()
    return {"picture": "", "rows": list(zip(confusion.tolist(), shades, strict=True))}


def _describe(story: Story) -> dict[str, Any]:
    """Everything that is text."""
    checkpoint, result, examination = story.checkpoint, story.result, story.examination
    scores = result.evaluation.class_scores()
    correct = np.diag(result.evaluation.confusion).tolist()
    history, best = story.history, story.best
    step = -(-len(history) // MOST_ROWS) or 1
    return {
        "story": story,
        "result": result,
        "evaluation": result.evaluation,
        "recipe": story.recipe,
        "names": result.data.class_names,
        "has_long_names": max(map(len, result.data.class_names)) > SHORT_NAME,
        "units": "-".join(map(str, checkpoint.network.units)),
        "equations": list_equations(story.recipe),
        "scores": [
            (name, score, wilson_interval(n, score.support) if score.support else None)
            for name, score, n in zip(result.data.class_names, scores, correct, strict=True)
        ],
        "findings": examination.findings if examination else {},
        "activity": examination.activity if examination else [],
        "rows": [row for row in history if row.epoch % step == 0 or row is best or row is history[-1]],
        "row_step": step,
        "environment": _environment(story),
        "commands": _commands(story),
        "version": __version__,
    }


def _environment(story: Story) -> dict[str, str]:
    """The machine by what is recorded of it, in words."""
    return {
        name.replace("_", " "): ", ".join(f"{key} {part}" for key, part in value.items())
        if isinstance(value, dict)
        else str(value)
        for name, value in story.latest.environment.items()
        if value is not None and value != ""
    }


def _commands(story: Story) -> list[str]:
    """The commands that train the network again, and compare."""
    train = ["nnfang", "train", "-c", "config.yaml", *story.thread_options, "-o", "again"]
    return [shlex.join(train), "nnfang inspect again"]
