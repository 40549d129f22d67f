"""An explanation as values that JSON can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.reports.steps import list_steps

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.runs.explanation import Explanation
    from nnfang.training.attribution import LayerActivations

MOST_UNITS = 8
"""Units of a layer that are looked at."""

DIGITS = 6
"""After the point."""


def as_tree(explanation: Explanation) -> dict[str, Any]:
    """All that `nnfang explain --json` says but for the path."""
    prediction, attribution = explanation.prediction, explanation.attribution
    (label, value), (rival, of_rival) = prediction.top(2)
    one, all_of_them = ("probability", "probabilities") if explanation.is_probability else ("score", "scores")
    shape = prediction.picture.image.shape
    return {
        "label": label,
        one: value,
        "rival": rival,
        f"rival_{one}": of_rival,
        all_of_them: dict(zip(prediction.class_names, prediction.outputs.tolist(), strict=True)),
        "verdict": {
            "grade": explanation.verdict.grade,
            "headline": explanation.verdict.headline,
            "reasons": explanation.verdict.reasons,
        },
        "familiarity": prediction.familiarity,
        "box": prediction.picture.crop,
        "steps": [{"step": step.name, **step.figures} for step in list_steps(explanation)],
        "image": prediction.picture.image.tolist(),
        "attribution": {
            "difference": attribution.difference,
            "difference_of_black": attribution.of_black,
            "biases": attribution.biases,
            "gradient_times_input": _round(attribution.times_input.reshape(shape)),
            "integrated_gradients": _round(attribution.integrated.reshape(shape)),
        },
        "nearest": _describe_neighbours(explanation),
        "layers": [_describe_layer(layer) for layer in explanation.layers],
        "warnings": prediction.picture.warnings,
    }


def _describe_neighbours(explanation: Explanation) -> dict[str, Any]:
    compared, found = explanation.compared, explanation.compared.neighbours
    rows = (
        [] if found is None else zip(found.rows.tolist(), found.labels.tolist(), found.distances.tolist(), strict=True)
    )
    return {
        "dataset": compared.name,
        "note": compared.note or None,
        "images": [
            {"index": row, "label": compared.class_names[label], "distance": round(distance, DIGITS)}
            for row, label, distance in rows
        ],
    }


def _describe_layer(layer: LayerActivations) -> dict[str, Any]:
    units = layer.most_important(MOST_UNITS)
    return {
        "index": layer.index,
        "activation": layer.activation,
        "units": len(layer.a),
        "active": int((layer.a > 0).sum()),
        "important": [
            {"unit": unit, "a": round(a, DIGITS), "carried": round(carried, DIGITS)}
            for unit, a, carried in zip(
                units.tolist(), layer.a[units].tolist(), layer.carried[units].tolist(), strict=True
            )
        ],
    }


def _round(values: npt.NDArray[np.float64]) -> list[list[float]]:
    """Short numbers, of which none is -0."""
    rounded: list[list[float]] = (np.round(values, DIGITS) + 0.0).tolist()
    return rounded
