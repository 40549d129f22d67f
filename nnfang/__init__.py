"""nnfang: small neural networks, a paper's equations in NumPy.

    import nnfang

    data = nnfang.load_data("mnist-sample")
    recipe = nnfang.Recipe(epochs=3)
    model = nnfang.fit(recipe, data, folder="runs/first")
    model = nnfang.resume("runs/first", epochs=6)
    print(model.evaluate(data))
    print(model.predict_pictures(["sample:7"]))
    model.save("digits.npz")

To watch a run, or to decide when it stops, iterate over its events:

    network = nnfang.Network.for_recipe(recipe, data)
    for event in nnfang.train(network, data, recipe):
        print(event)
    network.predict(data.x_test[:5])

Importing this module imports nothing else: each name below is loaded when it is first used. The program, which imports
it first, is then ready for Ctrl-C at once.
"""

TYPE_CHECKING = False  # which type checkers take for that of typing: this module really imports nothing
if TYPE_CHECKING:
    from typing import Any

    from nnfang.core.constraints import FieldError as FieldError
    from nnfang.core.layers import Dense as Dense
    from nnfang.core.layers import Dropout as Dropout
    from nnfang.core.network import Network as Network
    from nnfang.core.optimizers import Adam as Adam
    from nnfang.core.optimizers import AdamW as AdamW
    from nnfang.core.optimizers import Momentum as Momentum
    from nnfang.core.optimizers import RmsProp as RmsProp
    from nnfang.core.optimizers import Sgd as Sgd
    from nnfang.core.schedules import Constant as Constant
    from nnfang.core.schedules import Cosine as Cosine
    from nnfang.core.schedules import Exponential as Exponential
    from nnfang.core.schedules import Linear as Linear
    from nnfang.core.schedules import Step as Step
    from nnfang.data import Dataset as Dataset
    from nnfang.errors import BlankError as BlankError
    from nnfang.errors import CheckpointError as CheckpointError
    from nnfang.errors import ConfigError as ConfigError
    from nnfang.errors import DataError as DataError
    from nnfang.errors import DivergedError as DivergedError
    from nnfang.errors import NnfangError as NnfangError
    from nnfang.errors import NnfangWarning as NnfangWarning
    from nnfang.errors import PictureError as PictureError
    from nnfang.exports.reading import load_model as load
    from nnfang.runs.checkpoint import Checkpoint as Checkpoint
    from nnfang.runs.committee import Committee as Committee
    from nnfang.runs.datasets import examine_data as examine_data
    from nnfang.runs.datasets import load_data as load_data
    from nnfang.runs.fit import fit as fit
    from nnfang.runs.fit import resume as resume
    from nnfang.training.augment import Augment as Augment
    from nnfang.training.augment import Elastic as Elastic
    from nnfang.training.derivatives import check_gradients as check_gradients
    from nnfang.training.evaluation import evaluate as evaluate
    from nnfang.training.events import End as End
    from nnfang.training.events import Epoch as Epoch
    from nnfang.training.events import Progress as Progress
    from nnfang.training.loop import train as train
    from nnfang.training.recipe import EarlyStopping as EarlyStopping
    from nnfang.training.recipe import Recipe as Recipe

__version__ = "0.1.0"

_HOMES = {
    "Adam": "nnfang.core.optimizers:Adam",
    "AdamW": "nnfang.core.optimizers:AdamW",
    "Augment": "nnfang.training.augment:Augment",
    "BlankError": "nnfang.errors:BlankError",
    "Checkpoint": "nnfang.runs.checkpoint:Checkpoint",
    "CheckpointError": "nnfang.errors:CheckpointError",
    "Committee": "nnfang.runs.committee:Committee",
    "ConfigError": "nnfang.errors:ConfigError",
    "Constant": "nnfang.core.schedules:Constant",
    "Cosine": "nnfang.core.schedules:Cosine",
    "DataError": "nnfang.errors:DataError",
    "Dataset": "nnfang.data:Dataset",
    "Dense": "nnfang.core.layers:Dense",
    "DivergedError": "nnfang.errors:DivergedError",
    "Dropout": "nnfang.core.layers:Dropout",
    "EarlyStopping": "nnfang.training.recipe:EarlyStopping",
    "Elastic": "nnfang.training.augment:Elastic",
    "End": "nnfang.training.events:End",
    "Epoch": "nnfang.training.events:Epoch",
    "Exponential": "nnfang.core.schedules:Exponential",
    "FieldError": "nnfang.core.constraints:FieldError",
    "Linear": "nnfang.core.schedules:Linear",
    "Momentum": "nnfang.core.optimizers:Momentum",
    "Network": "nnfang.core.network:Network",
    "NnfangError": "nnfang.errors:NnfangError",
    "NnfangWarning": "nnfang.errors:NnfangWarning",
    "PictureError": "nnfang.errors:PictureError",
    "Progress": "nnfang.training.events:Progress",
    "Recipe": "nnfang.training.recipe:Recipe",
    "RmsProp": "nnfang.core.optimizers:RmsProp",
    "Sgd": "nnfang.core.optimizers:Sgd",
    "Step": "nnfang.core.schedules:Step",
    "check_gradients": "nnfang.training.derivatives:check_gradients",
    "evaluate": "nnfang.training.evaluation:evaluate",
    "fit": "nnfang.runs.fit:fit",
    "examine_data": "nnfang.runs.datasets:examine_data",
    "load": "nnfang.exports.reading:load_model",
    "load_data": "nnfang.runs.datasets:load_data",
    "resume": "nnfang.runs.fit:resume",
    "train": "nnfang.training.loop:train",
}
"""Where each name of the library comes from."""

__all__ = [
    "Adam",
    "AdamW",
    "Augment",
    "BlankError",
    "Checkpoint",
    "CheckpointError",
    "Committee",
    "ConfigError",
    "Constant",
    "Cosine",
    "DataError",
    "Dataset",
    "Dense",
    "DivergedError",
    "Dropout",
    "EarlyStopping",
    "Elastic",
    "End",
    "Epoch",
    "Exponential",
    "FieldError",
    "Linear",
    "Momentum",
    "Network",
    "NnfangError",
    "NnfangWarning",
    "PictureError",
    "Progress",
    "Recipe",
    "RmsProp",
    "Sgd",
    "Step",
    "__version__",
    "check_gradients",
    "evaluate",
    "examine_data",
    "fit",
    "load",
    "load_data",
    "resume",
    "train",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> "Any":
    """Load a name of the library when it is first used (PEP 562)."""
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module 'nnfang' has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
