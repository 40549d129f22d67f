"""The classifier: scikit-learn's words outside, nnfang's training inside."""

from __future__ import annotations

import warnings
from copy import deepcopy
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from nnfang.core.network import Network
from nnfang.sklearn.parameters import as_pass, create_recipe, ends_by_itself
from nnfang.sklearn.training import Snapshot, Table, begin, tabulate, train_through

if TYPE_CHECKING:
    from os import PathLike

    from nnfang.core.arrays import Array
    from nnfang.training.loop import Training


class NnfangClassifier(ClassifierMixin, BaseEstimator):
    """A multi-layer perceptron, trained by nnfang.

    Where MLPClassifier has a parameter of the same meaning, it has the same name and the same default here. What only
    nnfang has goes by nnfang's name; and where one name is not enough, `hidden_layer_sizes`, `solver`, `schedule` and
    `early_stopping` take nnfang's own layers, optimizers, schedules and `EarlyStopping`.

    X may have any numbers, which are taken as they are, whatever their type: bytes are not divided by 255 here.

    Args:
        hidden_layer_sizes: Units of each hidden layer; layers such as ``nnfang.Dropout(0.2)`` may stand among them.
        activation: Of the hidden layers: one of nnfang's, or "identity" (linear) or "logistic" (sigmoid).
        solver: "adam", "adamw", "rmsprop", "sgd" (with momentum), or an optimizer such as ``nnfang.Adam(beta1=0.8)``,
            which has its own learning rate, momentum and weight decay.
        learning_rate_init: The learning rate before any schedule.
        momentum: Of the solver "sgd"; 0 is plain gradient descent.
        nesterovs_momentum: Whether that momentum looks ahead.
        weight_decay: λ, by which all weights and biases are pulled towards 0 at each step; None is the solver's
            default, 0 but for "adamw". MLPClassifier's `alpha` is another quantity, which spares biases and is divided
            by the rows of a step.
        schedule: How the learning rate changes over max_iter epochs, by name or such as ``nnfang.Cosine(warmup=1)``.
        loss: "categorical_crossentropy" or "mean_squared_error".
        initializer: How the first weights are drawn.
        batch_size: Rows per step; "auto" is 200, or all where there are fewer.
        max_iter: Epochs at most.
        shuffle: Whether each epoch of `fit` takes the rows in a new order.
        tol: A training loss that has not become smaller by this much is no better.
        n_iter_no_change: Epochs in a row without a better loss after which training stops; with early stopping, without
            a better accuracy (or the same with a smaller loss) on the rows held out.
        early_stopping: Whether rows are held out, and the network of the epoch that does best on them is kept;
            ``nnfang.EarlyStopping(...)`` also says by what that is judged.
        validation_fraction: Of the rows, how many are held out for early stopping.
        standardize: Whether each feature is brought to mean 0 and variance 1 first, by the rows of `fit` or of the
            first `partial_fit`.
        dtype: "float32" or "float64": of all numbers in the network.
        engine: How the maths is run; "auto" is the fastest that can run this exactly.
        random_state: Of the first weights, the rows held out, their order and dropout. An integer is nnfang's seed.

    Attributes:
        classes_: (classes,) labels, in the order of the columns of `predict_proba`.
        n_features_in_: Columns of X.
        feature_names_in_: Their names, where X had any that are strings.
        network_: The `nnfang.Network`; its inputs are the rows of X, standardised if that was asked for.
        scaler_: The StandardScaler that does so; None without.
        n_iter_: Epochs.
        loss_: Of the last of them: the mean over its rows, each as it was when its step began.
        loss_curve_: Of each.
        validation_scores_: Accuracy on the rows held out after each; None without early stopping.
        engine_: The engine that was used.
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: Any = "adam",
        learning_rate_init: float = 0.001,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        weight_decay: float | None = None,
        schedule: Any = "constant",
        loss: str = "categorical_crossentropy",
        initializer: str = "glorot_uniform",
        batch_size: int | str = "auto",
        max_iter: int = 200,
        shuffle: bool = True,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: Any = False,
        validation_fraction: float = 0.1,
        standardize: bool = False,
        dtype: str = "float32",
        engine: str = "auto",
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.momentum, self.nesterovs_momentum = momentum, nesterovs_momentum
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.loss = loss
        self.initializer = initializer
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.standardize = standardize
        self.dtype = dtype
        self.engine = engine
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network.

        Args:
            X: (n, features) numbers.
            y: (n,) labels of two or more classes: strings, integers, ...

        Raises:
            ValueError: A parameter, X or y is out of its bounds.
            DivergedError: Training diverged.

        Warns:
            ConvergenceWarning: max_iter was reached before the loss, or the score, stopped improving.
        """
        X, y = self._check(X, y, reset=True)
        classes, labels = np.unique(y, return_inverse=True)
        recipe = create_recipe(self, check_classes(classes), len(X), draw_seed(self.random_state))
        scaler = StandardScaler().fit(X) if self.standardize else None
        table = tabulate(X, labels, classes, scaler)
        training = begin(Network.for_recipe(recipe, table), table, recipe)
        snapshot, epochs, has_converged = train_through(training, self.tol, self.n_iter_no_change)
        self.classes_, self.scaler_ = classes, scaler
        self._keep(snapshot, training)
        self.loss_curve_ = [epoch.loss for epoch in epochs]
        self.validation_scores_ = [epoch.val_accuracy for epoch in epochs] if recipe.early_stopping else None
        self.n_iter_, self.loss_ = len(epochs), self.loss_curve_[-1]
        if not has_converged and not ends_by_itself(recipe.schedule):
            message = f"max_iter={self.max_iter} epochs were reached before training converged"
            warnings.warn(message, ConvergenceWarning, stacklevel=2)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Train on, or begin to: once through these rows in their order, with a constant learning rate.

        The optimizer continues where it was left, also by `fit`. No rows are held out.

        Args:
            X: (n, features) numbers.
            y: (n,) labels.
            classes: All labels that there may ever be; needed in the first call.

        Raises:
            ValueError: As `fit`; or y has a label that is none of the classes, or a parameter has changed with which
                this network cannot be trained on.
            DivergedError: Training diverged.
        """
        is_new = not hasattr(self, "network_")
        X, y = self._check(X, y, reset=is_new)
        classes = self._check_classes(y, classes)
        seed = draw_seed(self.random_state) if is_new else self._recipe.seed
        recipe = as_pass(create_recipe(self, check_classes(classes), len(X), seed))
        scaler = (StandardScaler().fit(X) if self.standardize else None) if is_new else self.scaler_
        table = tabulate(X, np.searchsorted(classes, y), classes, scaler)
        if is_new:
            training = begin(Network.for_recipe(recipe, table), table, recipe)
        else:  # of a copy: where training diverges, this classifier stays as it was
            recipe = replace(recipe, epochs=self._state.epoch + 1)
            training = begin(deepcopy(self.network_), table, recipe, self._state, self._vectors)
        snapshot, epochs, _ = train_through(training)
        self.classes_, self.scaler_ = classes, scaler
        self._keep(snapshot, training)
        self.loss_curve_ = [*getattr(self, "loss_curve_", []), epochs[0].loss]
        self.n_iter_, self.loss_ = getattr(self, "n_iter_", 0) + 1, self.loss_curve_[-1]
        self.validation_scores_ = getattr(self, "validation_scores_", None)
        return self

    def predict(self, X: Any) -> Any:
        """The label of each row.  X (m, features) -> (m,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X: Any) -> Array:
        """ŷ: the probability of each class.  X (m, features) -> (m, classes), in the order of `classes_`."""
        check_is_fitted(self)
        with np.errstate(over="ignore"):  # as in `_check`
            X = validate_data(self, X, reset=False, dtype=self._input_types())
        return self.network_.predict(X if self.scaler_ is None else self.scaler_.transform(X))

    def predict_log_proba(self, X: Any) -> Array:
        """Their logarithms; -inf where a probability is too small for its number."""
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            logarithms: Array = np.log(probabilities)
        return logarithms

    def save(
        self,
        file: str | PathLike[str],
        *,
        largest: float = 1.0,
        input_shape: tuple[int, ...] | None = None,
        preparation: str = "plain",
    ) -> None:
        """Write the network to a file for nnfang's commands, or in another format that `nnfang export` knows.

        What is written predicts for a row x / largest what this classifier predicts for x; a standardisation becomes
        part of the first layer. nnfang reads the bytes of pictures as numbers from 0 to 1.

        Args:
            file: Its ending tells the format; ``.npz`` is nnfang's own, which `nnfang.load` and `nnfang.sklearn.load`
                read. An existing file is replaced.
            largest: The number in X that stands for a white pixel: 16 for scikit-learn's digits, 255 for bytes.
            input_shape: (height, width), where the rows of X are pictures.
            preparation: How pictures are prepared for this network: "digit", "negative" or "plain".

        Raises:
            NotFittedError: There is no network.
            ValueError: `largest` or `input_shape` does not fit.
            NnfangError: The file cannot be written, or not in this format.
        """
        from nnfang.sklearn.saving import save

        check_is_fitted(self)
        save(self, file, largest, input_shape or (self.n_features_in_,), preparation)

    def _input_types(self) -> Any:
        """To which types X is converted: what is standardised keeps its own precision until it is."""
        return [np.float64, np.float32] if self.standardize else np.dtype(self.dtype)

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """X and y as arrays, with scikit-learn's messages where they are none."""
        with np.errstate(over="ignore"):  # a number too large for float32 is refused, once and in words
            X, y = validate_data(self, X, y, reset=reset, dtype=self._input_types())
        check_classification_targets(y)
        return X, y

    def _check_classes(self, y: Any, classes: Any) -> Any:
        """The classes of all calls of `partial_fit`, sorted.

        Raises:
            ValueError: They are not known, not those of earlier calls, or y has others.
        """
        known = getattr(self, "classes_", None)
        if classes is None and known is None:
            raise ValueError("classes must be passed on the first call to partial_fit")
        classes = known if classes is None else np.unique(column_or_1d(classes))
        if known is not None and not np.array_equal(classes, known):
            raise ValueError(f"classes={classes} is not the same as on the last call to partial_fit: {known}")
        if others := np.setdiff1d(y, classes).tolist():
            raise ValueError(f"y has labels that are not in classes: {others}")
        return classes

    def _keep(self, snapshot: Snapshot, training: Training[Table]) -> None:
        """Remember a network, and what it takes to train it on."""
        self.network_, self._vectors, self._state = snapshot.network, snapshot.vectors, snapshot.state
        self._recipe, self.engine_ = training.recipe, training.engine.name


def check_classes(classes: Any) -> int:
    """How many classes there are.

    Raises:
        ValueError: Only one.
    """
    if len(classes) < 2:  # noqa: PLR2004
        raise ValueError(
            f"NnfangClassifier needs two classes or more; there is only one class: {classes.tolist()[0]!r}"
        )
    return len(classes)


def draw_seed(random_state: Any) -> int:
    """nnfang's seed: an integer itself, otherwise a number that is drawn."""
    rng = check_random_state(random_state)
    return int(random_state) if isinstance(random_state, Integral) else int(rng.randint(np.iinfo(np.int32).max))
