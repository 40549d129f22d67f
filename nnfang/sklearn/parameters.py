"""The parameters of a classifier, in the words of scikit-learn -> a recipe of nnfang."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Protocol, cast

import numpy as np

from nnfang.core.constraints import Count, FieldError, Fraction, NonNegative, OneOf, Positive, format_value, mismatch
from nnfang.core.initializers import INITIALIZERS
from nnfang.core.layers import LAYERS, Dense, Layer
from nnfang.core.losses import LOSSES
from nnfang.core.optimizers import OPTIMIZERS, Adam, AdamW, Momentum, Optimizer, RmsProp, Sgd
from nnfang.core.schedules import SCHEDULES, Constant, Cosine, Linear, Schedule
from nnfang.engines import ENGINES
from nnfang.training.recipe import EarlyStopping, Recipe

LARGEST_AUTO_BATCH = 200
"""Rows per step where the batch size is "auto", as in MLPClassifier."""

ACTIVATION_NAMES = {"identity": "linear", "logistic": "sigmoid"}
"""What scikit-learn calls otherwise."""

SOLVERS: dict[str, type[Optimizer]] = {"sgd": Sgd, "adam": Adam, "adamw": AdamW, "rmsprop": RmsProp}
"""The solvers that go by name; "sgd" has momentum, as in MLPClassifier."""

SCALARS: dict[str, Any] = {
    "learning_rate_init": Positive,
    "momentum": Fraction,
    "nesterovs_momentum": bool,
    "weight_decay": NonNegative | None,
    "loss": Annotated[str, OneOf(LOSSES)],
    "initializer": Annotated[str, OneOf(INITIALIZERS)],
    "batch_size": Annotated[str, OneOf(("auto",))] | Count,
    "max_iter": Count,
    "shuffle": bool,
    "tol": NonNegative,
    "n_iter_no_change": Count,
    "validation_fraction": Fraction,
    "standardize": bool,
    "dtype": Annotated[str, OneOf(("float32", "float64"))],
    "engine": Annotated[str, OneOf(("auto", *ENGINES))],
}
"""What each parameter may be that is a single value; those of NumPy count as Python's."""


class Parameters(Protocol):
    """What a classifier was asked for, see `nnfang.sklearn.NnfangClassifier`."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """By their names."""


def create_recipe(classifier: Parameters, classes: int, rows: int, seed: int) -> Recipe:
    """The recipe that a classifier's parameters stand for.

    Args:
        classifier: Whose.
        classes: How many there are: units of the output layer.
        rows: That are trained on in an epoch.
        seed: Of all that is random.

    Raises:
        FieldError: A parameter is out of its bounds, or two contradict each other; a ValueError.
    """
    given = {name: as_python(value) for name, value in classifier.get_params(deep=False).items()}
    for name, hint in SCALARS.items():
        if reason := mismatch(hint, given[name]):
            raise FieldError(name, reason)
    early_stopping = choose_early_stopping(given)
    return Recipe(
        dataset="table",
        layers=(*create_hidden_layers(given), Dense(classes, "softmax", given["initializer"])),
        loss=given["loss"],
        optimizer=create_optimizer(given),
        schedule=create_schedule(given["schedule"]),
        batch_size=min(LARGEST_AUTO_BATCH, rows) if given["batch_size"] == "auto" else given["batch_size"],
        epochs=given["max_iter"],
        validation_split=given["validation_fraction"] if early_stopping else 0.0,
        early_stopping=early_stopping,
        shuffle=given["shuffle"],
        seed=seed,
        dtype=given["dtype"],
        engine=given["engine"],
    )


def as_python(value: Any) -> Any:
    """A number of NumPy, as it comes from a grid of parameters, as a number of Python."""
    return value.item() if isinstance(value, np.generic) else value


def create_hidden_layers(given: dict[str, Any]) -> tuple[Layer, ...]:
    """The layers before the output layer: numbers of units, or layers of nnfang, which stand for themselves.

    Raises:
        FieldError: One is neither, or the activation is unknown.
    """
    sizes, name = given["hidden_layer_sizes"], given["activation"]
    activation = ACTIVATION_NAMES.get(name, name) if isinstance(name, str) else name
    layers: list[Layer] = []
    for i, size in enumerate(sizes if isinstance(sizes, tuple | list | np.ndarray) else (sizes,)):
        if isinstance(size, tuple(LAYERS.values())):
            layers.append(cast("Layer", size))
        elif reason := mismatch(Count, as_python(size)):
            raise FieldError(f"hidden_layer_sizes[{i}]", f"{reason}, or a layer such as nnfang.Dropout(0.2)")
        else:
            layers.append(Dense(as_python(size), activation, given["initializer"]))
    return tuple(layers)


def create_optimizer(given: dict[str, Any]) -> Optimizer:
    """The solver, by name and with the parameters that it has; or one of nnfang's optimizers, which has its own.

    Raises:
        FieldError: It is neither.
    """
    solver = given["solver"]
    if isinstance(solver, tuple(OPTIMIZERS.values())):
        return cast("Optimizer", solver)
    if not isinstance(solver, str) or solver not in SOLVERS:
        allowed = f"one of {', '.join(SOLVERS)}, or an optimizer such as nnfang.Adam(0.002)"
        raise FieldError("solver", f"found {format_value(solver)}, expected {allowed}")
    decay = {} if given["weight_decay"] is None else {"weight_decay": given["weight_decay"]}
    if solver == "sgd" and given["momentum"]:
        return Momentum(given["learning_rate_init"], given["momentum"], given["nesterovs_momentum"], **decay)
    kind: Any = SOLVERS[solver]
    optimizer: Optimizer = kind(given["learning_rate_init"], **decay)
    return optimizer


def create_schedule(schedule: Any) -> Schedule:
    """A schedule by its name, or one of nnfang's as it is.

    Raises:
        FieldError: It is neither.
    """
    if isinstance(schedule, tuple(SCHEDULES.values())):
        return cast("Schedule", schedule)
    if not isinstance(schedule, str) or schedule not in SCHEDULES:
        allowed = f"one of {', '.join(SCHEDULES)}, or a schedule such as nnfang.Cosine(warmup=1)"
        raise FieldError("schedule", f"found {format_value(schedule)}, expected {allowed}")
    return SCHEDULES[schedule]()


def choose_early_stopping(given: dict[str, Any]) -> EarlyStopping | None:
    """Whether to stop by a validation set, and how.

    Raises:
        FieldError: It is neither true nor false nor `EarlyStopping`, or nothing is held out.
    """
    wanted = given["early_stopping"]
    if not isinstance(wanted, bool | EarlyStopping):
        reason = mismatch(bool, wanted)
        raise FieldError("early_stopping", f"{reason}, or nnfang.EarlyStopping")
    if wanted and not given["validation_fraction"]:
        raise FieldError("early_stopping", "there are no rows to watch, because validation_fraction is 0")
    return EarlyStopping(given["n_iter_no_change"]) if wanted is True else wanted or None


def ends_by_itself(schedule: Schedule) -> bool:
    """Whether a schedule leads to the last epoch, so that training through all of them is no sign of anything."""
    return isinstance(schedule, Cosine | Linear)


def as_pass(recipe: Recipe) -> Recipe:
    """The recipe of one pass through the rows in their order; a schedule needs a last epoch, which it does not have."""
    return replace(recipe, epochs=1, schedule=Constant(), shuffle=False, validation_split=0.0, early_stopping=None)
