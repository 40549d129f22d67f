"""The page of an explanation: a picture, the network's answer, and how it came about layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.reports import png
from nnfang.reports.explanation import MOST_UNITS
from nnfang.reports.layers import LayerFacts, describe_layers
from nnfang.reports.page import fill
from nnfang.reports.scaling import shrink, strongest
from nnfang.reports.steps import list_steps
from nnfang.reports.svg import Charts
from nnfang.runs.explanation import as_input
from nnfang.runs.verdict import percent
from nnfang.training.attribution import differentiate_units

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.core.arrays import Labels
    from nnfang.runs.explanation import Explanation
    from nnfang.training.attribution import LayerActivations

PICTURE = (480, 480)
"""The most rows and columns of the picture that are in the page."""

MOST_CLASSES, MOST_OUTPUTS = 10, 4
"""Classes that have a bar, and those whose unit is shown."""

ACROSS = 32
"""Units in a row of the picture of a layer."""


def render(explanation: Explanation) -> bytes:
    """The page, in UTF-8."""
    found, picture = explanation.attribution, explanation.prediction.picture
    values = {
        "explanation": explanation,
        "prediction": explanation.prediction,
        "verdict": explanation.verdict,
        "found": found,
        "network": explanation.checkpoint.network,
        "units": "-".join(map(str, explanation.checkpoint.network.units)),
        "steps": list_steps(explanation),
        "photo": png.to_data_url(np.rint(shrink(explanation.page.grey, PICTURE)).astype(np.uint8), png.GREY),
        "box": _place_box(explanation),
        "stages": _show_stages(explanation),
        "seen": _show_ink(picture.image),
        "bars": _list_bars(explanation),
        "attributions": [
            (name, _show_signed(values.reshape(picture.image.shape)), float(values.sum()))
            for name, values in (("Gradient × input", found.times_input), ("Integrated gradients", found.integrated))
        ],
        "neighbours": _show_neighbours(explanation),
        "layers": _show_layers(explanation),
    }
    return fill("explanation.html.jinja", Charts(), values)


def _place_box(explanation: Explanation) -> dict[str, int]:
    """The place of what was cut out, in pixels of the picture; empty where that is all of it."""
    if explanation.stages is None:
        return {}
    left, top, right, bottom = explanation.prediction.picture.crop
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def _show_stages(explanation: Explanation) -> list[tuple[str, str]]:
    """Pictures of what was done to the ink, each with a few words."""
    stages, (height, width) = explanation.stages, explanation.prediction.picture.image.shape
    if stages is None:
        return []
    shown = [(_show_ink(stages.cut), f"cut out, strokes {stages.width_before:.1f} wide")]
    if stages.even is not stages.cut:
        shown.append((_show_ink(stages.even), f"strokes made {stages.width_after:.1f} wide"))
    shown.append((_show_ink(stages.fitted), f"resized to {stages.fitted.shape[1]} × {stages.fitted.shape[0]}"))
    shown.append((_show_ink(explanation.prediction.picture.image), f"centred in {width} × {height}"))
    return shown


def _list_bars(explanation: Explanation) -> list[tuple[str, str, float]]:
    """Class, output in words, and how long its bar is, from 0 to 100."""
    best, is_probability = explanation.prediction.top(MOST_CLASSES), explanation.is_probability
    longest = 1.0 if is_probability else max(abs(value) for _, value in best) or 1.0
    return [
        (name, percent(value) if is_probability else f"{value:.3f}", 100 * max(0.0, value) / longest)
        for name, value in best
    ]


def _show_neighbours(explanation: Explanation) -> list[dict[str, Any]]:
    compared, found = explanation.compared, explanation.compared.neighbours
    if found is None:
        return []
    rows = zip(found.rows.tolist(), found.labels.tolist(), found.distances.tolist(), found.images, strict=True)
    return [
        {
            "url": png.to_data_url(png.scale_ink(image), png.INK),
            "index": row,
            "name": compared.class_names[label],
            "is_other": label != explanation.attribution.winner,
            "distance": distance,
        }
        for row, label, distance, image in rows
    ]


def _show_layers(explanation: Explanation) -> list[dict[str, Any]]:
    """Each dense layer: all its units in one picture, and those that matter one by one."""
    facts = describe_layers(explanation.checkpoint.network)
    *hidden, output = explanation.layers
    return [
        *(_show_hidden(explanation, layer, facts[layer.index]) for layer in hidden),
        _show_output(explanation, output),
    ]


def _show_hidden(explanation: Explanation, layer: LayerActivations, facts: LayerFacts) -> dict[str, Any]:
    units = layer.most_important(MOST_UNITS)
    return {
        "index": layer.index,
        "name": facts.name,
        "size": len(layer.a),
        "active": int((layer.a > 0).sum()),
        "all": _show_units(layer.a),
        "across": min(ACROSS, len(layer.a)),
        "carried": float(layer.carried.sum()),
        "units": [
            {"url": url, "name": f"unit {unit}", "a": layer.a[unit], "carried": layer.carried[unit]}
            for unit, url in zip(units.tolist(), _show_gradients(explanation, layer.index, units), strict=True)
        ],
    }


def _show_output(explanation: Explanation, layer: LayerActivations) -> dict[str, Any]:
    units = np.argsort(-layer.z, kind="stable")[:MOST_OUTPUTS]
    names = explanation.prediction.class_names
    show = percent if explanation.is_probability else lambda _: ""
    return {
        "index": layer.index,
        "name": f"dense, {layer.activation}",
        "size": len(layer.a),
        "units": [
            {"url": url, "name": names[unit], "z": layer.z[unit], "probability": show(layer.a[unit])}
            for unit, url in zip(units.tolist(), _show_gradients(explanation, layer.index, units), strict=True)
        ],
    }


def _show_gradients(explanation: Explanation, layer: int, units: Labels) -> list[str]:
    """What some units of a layer look for, all in one scale."""
    image, checkpoint = explanation.prediction.picture.image, explanation.checkpoint
    gradients = differentiate_units(checkpoint.network, as_input(checkpoint, image), layer, units)
    largest = strongest(gradients)
    return [png.to_data_url(png.scale_signed(row.reshape(image.shape), largest), png.SIGNED) for row in gradients]


def _show_units(a: npt.NDArray[np.float64]) -> str:
    """All units of a layer as pixels, row by row, the stronger the darker; blue above 0, and orange below."""
    rows = -(-len(a) // ACROSS)
    cells = np.zeros((rows, min(ACROSS, len(a))))
    cells.flat[: len(a)] = a
    return png.to_data_url(png.scale_signed(cells, float(np.abs(a).max())), png.SIGNED)


def _show_ink(image: npt.NDArray[np.uint8]) -> str:
    return png.to_data_url(image, png.INK)


def _show_signed(values: npt.NDArray[np.float64]) -> str:
    return png.to_data_url(png.scale_signed(values, strongest(values)), png.SIGNED)
