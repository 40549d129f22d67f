"""Dataclasses -> types that check, descriptions, JSON Schema; all from the registries."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import pytest

from nnfang.config import schema
from nnfang.config import sources as config
from nnfang.config.schema import (
    build,
    check_tree,
    describe,
    json_schema,
    locate,
    shorten,
    split_path,
    to_tree,
)
from nnfang.core.activations import ACTIVATIONS
from nnfang.core.arrays import Array
from nnfang.core.constraints import Bounds, FieldError, Fraction, NonNegative, OneOf, Positive, check_fields
from nnfang.core.initializers import INITIALIZERS
from nnfang.core.layers import LAYERS, Dense
from nnfang.core.losses import LOSSES
from nnfang.core.optimizers import OPTIMIZERS, Sgd, State
from nnfang.core.schedules import SCHEDULES, Cosine
from nnfang.engines import ENGINES
from nnfang.errors import ConfigError
from nnfang.training.recipe import EarlyStopping, Recipe

Node = dict[str, Any]


@pytest.fixture(scope="module")
def definitions() -> dict[str, Node]:
    """The JSON Schema's definitions, as an editor reads them."""
    written: Node = json.loads(json.dumps(json_schema(Recipe)))
    assert written["$ref"] == "#/$defs/Recipe"
    return dict(written["$defs"])


def references(node: Any) -> Iterator[str]:
    """Every $ref below a node."""
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        yield from references(part)


def test_the_json_schema_refers_to_nothing_that_is_not_there(definitions: dict[str, Node]) -> None:
    assert set(references(definitions)) <= {f"#/$defs/{name}" for name in definitions}
    assert all(node["type"] == "object" and node["additionalProperties"] is False for node in definitions.values())


@pytest.mark.parametrize(("key", "registry"), [("layers", LAYERS), ("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)])
def test_the_json_schema_knows_every_kind(definitions: dict[str, Node], key: str, registry: dict[str, type]) -> None:
    node = definitions["Recipe"]["properties"][key]
    mapping = node.get("items", node)["discriminator"]["mapping"]
    assert mapping == {name: f"#/$defs/{cls.__name__}" for name, cls in registry.items()}
    for name, cls in registry.items():
        kind = definitions[cls.__name__]
        assert kind["properties"]["type"] == {"enum": [name]}
        assert "type" in kind["required"]
        assert set(kind["properties"]) == {"type", *(field.name for field in fields(cls))}


@pytest.mark.parametrize(
    ("owner", "key", "names"),
    [
        ("Recipe", "loss", LOSSES),
        ("Recipe", "engine", ["auto", *ENGINES]),
        ("Recipe", "dtype", ["float32", "float64"]),
        ("Dense", "activation", ACTIVATIONS),
        ("Dense", "initializer", INITIALIZERS),
        ("EarlyStopping", "metric", ["val_loss", "val_accuracy"]),
    ],
)
def test_the_json_schema_knows_every_name(definitions: dict[str, Node], owner: str, key: str, names: list[str]) -> None:
    assert sorted(definitions[owner]["properties"][key]["enum"]) == sorted(names)


@pytest.mark.parametrize(
    ("owner", "key", "expected"),
    [
        ("Recipe", "batch_size", {"type": "integer", "minimum": 1, "default": 1}),
        ("Recipe", "validation_split", {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "default": 0.1}),
        ("Recipe", "shuffle", {"type": "boolean", "default": True}),
        ("Recipe", "limit", {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None}),
        ("Dense", "units", {"type": "integer", "minimum": 1}),
        ("Dropout", "rate", {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "default": 0.5}),
        ("Sgd", "learning_rate", {"type": "number", "exclusiveMinimum": 0, "default": 0.01}),
        ("Cosine", "end", {"type": "number", "minimum": 0, "maximum": 1, "default": 0.0}),
    ],
)
def test_the_json_schema_knows_bounds_and_defaults(
    definitions: dict[str, Node], owner: str, key: str, expected: Node
) -> None:
    assert definitions[owner]["properties"][key] == expected


@dataclass(frozen=True)
class SignSgd:
    """An optimizer that this program does not have."""

    state_names: ClassVar[tuple[str, ...]] = ()

    learning_rate: Positive = 0.001
    threshold: Fraction = 0.0
    weight_decay: NonNegative = 0.0

    def __post_init__(self) -> None:
        check_fields(self)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, t: int) -> None:
        raise NotImplementedError


@pytest.fixture
def signsgd(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One line more in the dictionary of optimizers, and nothing else."""
    monkeypatch.setitem(OPTIMIZERS, "signsgd", SignSgd)
    schema.schema_type.cache_clear()
    yield
    schema.schema_type.cache_clear()


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
    with pytest.raises(ConfigError, match=r'Did you mean "threshold"\? Allowed here: type, learning_rate, threshold'):
        load("optimizer.type=signsgd", "optimizer.treshold=0.5")
    assert "SignSgd" in json_schema(Recipe)["$defs"]


def test_without_its_line_the_optimizer_is_unknown() -> None:
    with pytest.raises(ConfigError, match="found 'signsgd', expected one of sgd"):
        load("optimizer.type=signsgd")


DESCRIPTIONS: list[tuple[Any, str]] = [
    (bool, "true or false"),
    (Positive, "a number > 0 and finite"),
    (Fraction, "a number >= 0 and < 1"),
    (EarlyStopping, "a mapping with the keys patience, metric"),
    (EarlyStopping | None, "a mapping with the keys patience, metric or null"),
    (tuple[Dense, ...], "a list"),
]


@pytest.mark.parametrize(("hint", "words"), DESCRIPTIONS)
def test_a_type_is_described_in_words(hint: Any, words: str) -> None:
    assert describe(hint) == words


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("", []),
        ("epochs", ["epochs"]),
        ("layers[0].units", ["layers", 0, "units"]),
        ("a[10][2].b", ["a", 10, 2, "b"]),
    ],
)
def test_a_path_is_split_into_names_and_numbers(path: str, parts: list[str | int]) -> None:
    assert split_path(path) == parts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (0, "0"),
        (1.0, "1.0"),
        ("a\nb", r"'a\nb'"),
        ("x" * 99, "'" + "x" * 56 + "..."),
    ],
)
def test_a_value_in_a_message_takes_one_short_line(value: Any, text: str) -> None:
    assert shorten(value) == text


def test_a_value_is_found_with_its_annotation() -> None:
    tree = to_tree(Recipe())
    assert locate(Recipe, tree, "layers[1].units")[1] == 64
    hint, value = locate(Recipe, tree, "optimizer.type")
    assert value == "sgd"
    assert describe(hint) == f"one of {', '.join(OPTIMIZERS)}"


def test_a_tree_is_checked_to_its_leaves_without_being_changed() -> None:
    tree = to_tree(replace(Recipe(), schedule=Cosine(end=0.1)))
    before = json.dumps(tree)
    check_tree(Recipe, tree)
    assert build(Recipe, tree) == replace(Recipe(), schedule=Cosine(end=0.1))
    assert json.dumps(tree) == before


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
        with pytest.raises(FieldError) as caught:
            check_tree(Recipe, tree)
        assert caught.value.path == path


@pytest.mark.parametrize("tree", [None, 3, [], "x", True])
def test_what_is_no_mapping_is_no_recipe(tree: Any) -> None:
    with pytest.raises(match="expected a mapping with the keys dataset, layers"):
        check_tree(Recipe, tree)


def test_building_refuses_what_only_python_can_see() -> None:
    with pytest.raises(FieldError) as caught:
        build(Recipe, {"optimizer": {"type": "sgd", "learning_rate": float("inf")}})
    assert (caught.value.path, caught.value.reason) == ("optimizer.learning_rate", "must be > 0 and finite, found inf")


@pytest.mark.parametrize(
    ("mark", "words", "allowed", "refused"),
    [
        (Bounds(gt=0, lt=float("inf")), "> 0 and finite", [1, 5e-324, 1e308], [0, -1, float("inf"), float("nan"), "1"]),
        (Bounds(ge=0, le=1), ">= 0 and <= 1", [0, 1, 0.5], [-0.1, 1.1, float("nan"), None]),
        (OneOf(["a", "b"]), "one of a, b", ["a", "b"], ["", "c", 1, None]),
    ],
)
def test_a_constraint_says_what_it_allows(
    mark: Bounds | OneOf, words: str, allowed: list[Any], refused: list[Any]
) -> None:
    assert str(mark) == words
    assert all(map(mark.allow, allowed))
    assert not any(map(mark.allow, refused))


def test_the_type_of_a_kind_is_the_name_of_its_class() -> None:
    for registry in (LAYERS, OPTIMIZERS, SCHEDULES):
        for name, cls in registry.items():
            assert to_tree(cls(3) if cls is Dense else cls())["type"] == name
    assert to_tree(Sgd(0.5)) == {"type": "sgd", "learning_rate": 0.5, "weight_decay": 0.0}
