"""``.html``: a page to draw on, in which the network runs; it needs no network, no server and no other file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnfang import __version__
from nnfang.config.schema import to_tree
from nnfang.core.optimizers import Sgd
from nnfang.exports.page.document import fill
from nnfang.exports.page.sheet import choose_images, encode_sheet
from nnfang.exports.page.weights import encode_weights
from nnfang.names import escape
from nnfang.runs.publication import name_in_public

if TYPE_CHECKING:
    from nnfang.exports import Settings
    from nnfang.runs.checkpoint import Checkpoint

UPDATE_RATE = 0.01
"""The learning rate that the page begins with, where the network was not trained with plain SGD: the paper's."""


def encode(checkpoint: Checkpoint, settings: Settings) -> bytes:
    """The page, in UTF-8.

    Raises:
        DataError: The images to learn from are not of the shape, or of the classes, of this network.
    """
    weights, precision = encode_weights(checkpoint, settings.learn)
    parts = {"weights": weights}
    facts = describe(checkpoint) | precision
    if settings.learn:
        images, labels, tests = choose_images(settings.learn, checkpoint)
        parts["sheet"] = encode_sheet(images)
        facts["learn"] = {
            "labels": labels.tolist(),
            "tests": tests,
            "dataset": escape(name_in_public(settings.learn.name)),
        }
    return fill(facts, parts)


def describe(checkpoint: Checkpoint) -> dict[str, Any]:
    """What the page says, and how it runs the network."""
    meta, recipe, network = checkpoint.meta, checkpoint.recipe, checkpoint.network
    tested = meta.tested
    return {
        "version": __version__,
        "classes": [escape(name) for name in checkpoint.class_names],
        "shape": list(meta.input_shape),
        "preparation": meta.preparation,
        "layers": [to_tree(layer) for layer in network.layers],
        "inputs": network.inputs,
        "parameters": int(network.theta.size),
        "loss": recipe.loss,
        "alpha": recipe.optimizer.learning_rate if isinstance(recipe.optimizer, Sgd) else UPDATE_RATE,
        "dataset": escape(meta.dataset.name),
        "tested": tested and {"images": tested.images, "accuracy": tested.accuracy, "dataset": escape(tested.dataset)},
        "origin": {escape(key): escape(str(value)) for key, value in meta.environment.items()},
    }
