"""nnfang: small neural networks, the paper's equations in NumPy.

    import nnfang

    data = nnfang.load_data("mnist-sample")
    recipe = nnfang.Recipe(epochs=3)
    network = nnfang.Network.initialize(recipe.layers, inputs=784, seed=recipe.seed)
    for event in nnfang.train(network, data, recipe):
        print(event)
    network.predict(data.x_test[:5])

    nnfang.load("runs/first").predict(data.x_test[:5])

Importing this module imports nothing else: each name below is loaded when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnfang.core.layers import Dense as Dense
    from nnfang.core.layers import Dropout as Dropout
    from nnfang.core.network import Network as Network
    from nnfang.data import load as load_data
    from nnfang.runs.folder import load_model as load
    from nnfang.training.evaluation import evaluate as evaluate
    from nnfang.training.loop import train as train
    from nnfang.training.recipe import Recipe as Recipe

__version__ = "0.1.0"

_HOMES = {
    "Dense": "nnfang.core.layers:Dense",
    "Dropout": "nnfang.core.layers:Dropout",
    "Network": "nnfang.core.network:Network",
    "Recipe": "nnfang.training.recipe:Recipe",
    "evaluate": "nnfang.training.evaluation:evaluate",
    "load": "nnfang.runs.folder:load_model",
    "load_data": "nnfang.data:load",
    "train": "nnfang.training.loop:train",
}

__all__ = ["Dense", "Dropout", "Network", "Recipe", "__version__", "evaluate", "load", "load_data", "train"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    """Load a name of the library's face when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nnfang' has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
