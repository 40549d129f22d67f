"""An evaluation to make tables and pictures of."""

import numpy as np

from nnfang.core.layers import Dense
from nnfang.core.network import Network
from nnfang.data import Dataset
from nnfang.reports.result import Result
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.evaluation import evaluate_classifier
from nnfang.runs.meta import describe_training
from nnfang.training.recipe import Recipe

HOSTILE = (
    '=HYPERLINK("http://x.example")',
    "<script>alert(1)</script>",
    "| [x](http://x.example) ![y](z) `a` **b** &lt;",
    "\x1b[31mred\nline\u202e\ufffe\udcff",
    "$\\frac{$ {{ x }} %s 手",
)
"""Names of classes as a stranger may choose them."""


def make_result(
    names: tuple[str, ...] = HOSTILE, shape: tuple[int, ...] = (6, 5), n: int = 60, seed: int = 4
) -> Result:
    """An untrained network, which is wrong most of the time."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 256, (n, *shape), np.uint8), (np.arange(n) % len(names)).astype(np.uint8)
    data = Dataset("a|<b>", x, y, x, y, names)
    recipe = Recipe(layers=(Dense(len(names), "softmax"),))
    network = Network.initialize(recipe.layers, int(np.prod(shape)), seed=seed)
    network.theta[...] *= 9
    meta = describe_training(recipe, data, engine="batch", environment={})
    checkpoint = Checkpoint(network, recipe, meta, {})
    return Result("=runs/<i>|\n", checkpoint, data, "test", evaluate_classifier(checkpoint, data), 2)
