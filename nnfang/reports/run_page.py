"""The page of a run, or of a network alone."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.reports import charts, png
from nnfang.reports.equations import list_equations
from nnfang.reports.gallery import MOST_PICTURES
from nnfang.reports.page import fill
from nnfang.reports.pictures import MOST_LABELLED
from nnfang.reports.svg import Charts
from nnfang.training.evaluation import wilson_interval

if TYPE_CHECKING:
    from markupsafe import Markup

    from nnfang.reports.story import Story

MOST_WEIGHTS, MOST_ROWS = 64, 40
"""Units whose weights are shown, and about how many epochs the table has."""
SHADES, IMAGE_AXES, SHORT_NAME = 5, 2, 2
"""Classes of CSS for shades; axes of an image that is a picture; letters of a name that need not stand upright."""


def render(story: Story) -> bytes:
    """The page, in UTF-8."""
    drawn = Charts()
    return fill("report.html.jinja", drawn, {**_draw(story, drawn), **_describe(story)})


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
    start = story.latest.start
    begin = ("--from", start.model) if start else ()
    train = ["nnfang", "train", *begin, "-c", "config.yaml", *story.thread_options, "-o", "again"]
    return [shlex.join(train), "nnfang inspect again"]
