"""Trees <-> dataclasses, along the annotations, with all faults of a tree."""

import json
import random
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest

from nnfang.config import sources as config
from nnfang.config.json_schema import json_schema
from nnfang.config.paths import split_path
from nnfang.config.schema import convert, describe_tree, read_tree, to_tree
from nnfang.core.arrays import Array
from nnfang.core.constraints import FieldError, Fraction, NonNegative, Positive, check_fields
from nnfang.core.layers import LAYERS, Dense
from nnfang.core.optimizers import OPTIMIZERS, Sgd, State
from nnfang.core.schedules import SCHEDULES, Constant, Cosine
from nnfang.errors import ConfigError
from nnfang.training.augment import Augment, Elastic
from nnfang.training.recipe import EarlyStopping, Recipe


@dataclass(frozen=True)
class SignSgd:
    """An optimizer that this program does not have.

    Attributes:
        learning_rate: α.
        threshold: What is too small to count.
        weight_decay: λ.
    """

    state_names: ClassVar[tuple[str, ...]] = ()

    learning_rate: Positive = 0.001
    threshold: Fraction = 0.0
    weight_decay: NonNegative = 0.0

    def __post_init__(self) -> None:
        check_fields(self)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, t: int) -> None:
        raise NotImplementedError


@pytest.fixture
def signsgd(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line more in the dictionary of optimizers, and nothing else."""
    monkeypatch.setitem(OPTIMIZERS, "signsgd", SignSgd)


def load(*settings: str) -> Recipe:
    return config.load(None, [config.parse_override(text) for text in settings], {}).recipe


def test_a_new_optimizer_is_known_to_yaml_errors_and_json_schema_without_more_work(signsgd: None) -> None:
    recipe = load("optimizer.type=signsgd", "optimizer.threshold=0.5")
    assert recipe.optimizer == SignSgd(threshold=0.5)
    assert "type: signsgd" in config.to_yaml(recipe)
    with pytest.raises(ConfigError, match=r'one of .*adamw, signsgd\. Did you mean "signsgd"'):
        load("optimizer.type=signsdg")
    with pytest.raises(ConfigError, match=r"optimizer\.threshold: found 2, expected a number >= 0 and < 1"):
        load("optimizer.type=signsgd", "optimizer.threshold=2")
    with pytest.raises(
        ConfigError, match=r'Did you mean "optimizer\.threshold"\? Allowed here: type, learning_rate, threshold'
    ):
        load("optimizer.type=signsgd", "optimizer.treshold=0.5")
    assert "SignSgd" in json_schema(Recipe)["$defs"]


def test_without_its_line_the_optimizer_is_unknown() -> None:
    with pytest.raises(ConfigError, match="found 'signsgd', expected one of sgd"):
        load("optimizer.type=signsgd")


DESCRIPTIONS: list[tuple[Any, str]] = [
    (Fraction | None, "a number >= 0 and < 1 or null"),
    (EarlyStopping, "a mapping with the keys patience, metric"),
    (EarlyStopping | None, "null or a mapping with the keys patience, metric"),
    (tuple[Dense, ...], "a list"),
]


@pytest.mark.parametrize(("hint", "words"), DESCRIPTIONS)
def test_a_type_is_described_in_words(hint: Any, words: str) -> None:
    assert describe_tree(hint) == words


def test_a_tree_is_read_to_its_leaves_without_being_changed() -> None:
    recipe = replace(Recipe(), schedule=Cosine(end=0.1), augment=Augment(elastic=Elastic(1.0)))
    tree = to_tree(recipe)
    before = json.dumps(tree)
    assert read_tree(Recipe, tree) == recipe
    assert json.dumps(tree) == before


def test_what_a_tree_leaves_out_is_the_default() -> None:
    assert read_tree(Recipe, {}) == Recipe()
    assert read_tree(EarlyStopping | None, {}) == EarlyStopping()
    assert read_tree(EarlyStopping | None, None) is None


def test_an_integer_becomes_a_float_where_one_belongs() -> None:
    optimizer = read_tree(Recipe, {"optimizer": {"type": "sgd", "learning_rate": 1}}).optimizer
    assert optimizer == Sgd(1.0)
    assert type(optimizer.learning_rate) is float
    assert type(read_tree(Recipe, {"seed": 2**70}).seed) is int


FAULTY: list[tuple[Any, Any, list[tuple[str, str]]]] = [
    (Recipe, None, [("", "found null, expected a mapping with the keys dataset, layers, ")]),
    (Recipe, [], [("", "found [], expected a mapping with the keys dataset")]),
    (tuple[Dense, ...], {"a": 1}, [("", "found {'a': 1}, expected a list")]),
    (Recipe, {"epochs": True}, [("epochs", "found true, expected an integer >= 0")]),
    (Recipe, {"epochs": 20.0}, [("epochs", "found 20.0, expected an integer >= 0")]),
    (Recipe, {"validation_split": False}, [("validation_split", "found false, expected a number >= 0 and < 1")]),
    (Recipe, {"shuffle": 0}, [("shuffle", "found 0, expected true or false")]),
    (Recipe, {"dataset": None}, [("dataset", "found null, expected a string")]),
    (Recipe, {"limit": "3"}, [("limit", "found '3', expected an integer >= 1 or null")]),
    (
        Recipe,
        {"early_stopping": 3},
        [("early_stopping", "found 3, expected null or a mapping with the keys patience, metric")],
    ),
    (Sgd, {"learning_rate": 10**400}, [("learning_rate", "found 1000000")]),
    (Sgd, {"learning_rate": float("inf")}, [("learning_rate", "found inf, expected a number > 0 and finite")]),
    (Sgd, {"learning_rate": float("nan")}, [("learning_rate", "found nan, expected a number > 0 and finite")]),
    (Dense, {"units": 3, "activation": "rleu"}, [("activation", "found 'rleu', expected one of relu, ")]),
    (Dense, {1: 3}, [("1", "there is no such key. Allowed here: units,"), ("units", "missing, expected an integer")]),
    (Dense, {"k" * 999: 3, "units": 1}, [("k" * 57 + "...", "there is no such key.")]),
    (
        Recipe,
        {"layers": [{"type": "dense", "unit": 0}, 3, {"type": []}, {}], "epoch": 1, "seed": -1, "optimizer": None},
        [
            (
                "layers[0].unit",
                'there is no such key. Did you mean "layers[0].units"? Allowed here: type, units, activation',
            ),
            ("layers[0].units", "missing, expected an integer >= 1"),
            ("layers[1]", "found 3, expected a mapping whose type is one of dense, dropout"),
            ("layers[2].type", "found [], expected one of dense, dropout"),
            ("layers[3].type", "missing, expected one of dense, dropout"),
            ("epoch", 'there is no such key. Did you mean "epochs"?'),
            ("seed", "found -1, expected an integer >= 0"),
            ("optimizer", "found null, expected a mapping whose type is one of sgd"),
        ],
    ),
    (
        Recipe,
        {"layers": [{"type": "dense", "units": 3}]},
        [("layers[0].activation", "categorical_crossentropy needs an output layer with activation softmax")],
    ),
    (Recipe, {"validation_split": 0, "early_stopping": {}}, [("early_stopping", "there are no validation images")]),
]


@pytest.mark.parametrize(("hint", "tree", "expected"), FAULTY)
def test_all_faults_of_a_tree_are_found_in_order(hint: Any, tree: Any, expected: list[tuple[str, str]]) -> None:
    value, faults = convert(hint, tree)
    assert value is None
    assert [fault.path for fault in faults] == [path for path, _ in expected]
    for fault, (_, reason) in zip(faults, expected, strict=True):
        assert fault.reason.startswith(reason)
    with pytest.raises(FieldError) as caught:
        read_tree(hint, tree)
    assert caught.value.path == expected[0][0]


def test_damaging_any_value_of_a_tree_is_noticed_where_it_is() -> None:
    rng = random.Random(0)
    paths = [f"{key}.{name}" for key in ("optimizer", "schedule", "layers[0]", "layers[2]") for name in ("type", "x")]
    for path in [*paths, "epochs", "dtype", "layers[1].units", "layers[1].activation", "optimizer.learning_rate"]:
        tree = to_tree(Recipe())
        owner = tree
        *parts, last = split_path(path)
        for part in parts:
            owner = owner[part]
        owner[last] = rng.choice([[], {}, [1], "\n", object])
        assert [fault.path for fault in convert(Recipe, tree)[1]] == [path]


def test_the_type_of_a_kind_is_the_name_of_its_class() -> None:
    for registry in (LAYERS, OPTIMIZERS, SCHEDULES):
        for name, cls in registry.items():
            assert to_tree(cls(3) if cls is Dense else cls())["type"] == name
    assert to_tree(Constant()) == {"type": "constant", "warmup": 0.0}
    assert to_tree(Sgd(0.5)) == {"type": "sgd", "learning_rate": 0.5, "weight_decay": 0.0}
