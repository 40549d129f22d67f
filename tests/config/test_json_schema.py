"""Dataclasses -> JSON Schema, as an editor reads it."""

import io
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from nnfang.config import sources as config
from nnfang.config.json_schema import attribute_descriptions, json_schema
from nnfang.config.keys import REGISTRIES
from nnfang.config.schema import to_tree
from nnfang.core.activations import ACTIVATIONS
from nnfang.core.constraints import annotations
from nnfang.core.initializers import INITIALIZERS
from nnfang.core.layers import LAYERS
from nnfang.core.losses import LOSSES
from nnfang.core.optimizers import OPTIMIZERS, AdamW
from nnfang.core.schedules import SCHEDULES, Step
from nnfang.engines import ENGINES
from nnfang.errors import ConfigError
from nnfang.training.recipe import Recipe

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
    assert node.get("items", node)["anyOf"] == [{"$ref": f"#/$defs/{cls.__name__}"} for cls in registry.values()]
    for name, cls in registry.items():
        kind = definitions[cls.__name__]
        assert kind["title"] == kind["properties"]["type"]["const"] == name
        assert ("type" in kind["required"]) == (node.get("default", {}) != to_tree(cls()) if key != "layers" else True)
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
    node = definitions[owner]["properties"][key]
    assert sorted(node.get("anyOf", [node])[0]["enum"]) == sorted(names)


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
    property_ = dict(definitions[owner]["properties"][key])
    assert property_.pop("description")
    assert property_ == expected


def test_the_json_schema_knows_defaults_that_are_mappings(definitions: dict[str, Node]) -> None:
    assert {key: node["default"] for key, node in definitions["Recipe"]["properties"].items()} == to_tree(Recipe())


# Descriptions


@dataclass
class Animal:
    """A living thing.

    It moves,
    and eats.

    Attributes:
        legs: How many: two,
            or four.
        name: What it is called.

    Raises:
        no: This is not an attribute.
    """

    legs: int
    name: str


class Dog(Animal):
    """A pet.

    Attributes:
        name: What it listens to.
        breed_1: Its pedigree.
    """


class Stray(Dog):
    pass


def test_the_attributes_of_a_docstring_are_read_with_those_of_its_bases() -> None:
    legs = "How many: two, or four."
    assert attribute_descriptions(Animal) == {"legs": legs, "name": "What it is called."}
    inherited = {"legs": legs, "name": "What it listens to.", "breed_1": "Its pedigree."}
    assert attribute_descriptions(Dog) == attribute_descriptions(Stray) == inherited
    assert attribute_descriptions(int) == {}


def dataclasses_below(hint: Any) -> Iterator[type]:
    """All dataclasses that an annotation leads to."""
    for cls in REGISTRIES[hint].values() if hint in REGISTRIES else [hint]:
        if isinstance(cls, type) and is_dataclass(cls):
            yield cls
            for part in annotations(cls).values():
                yield from dataclasses_below(part)
    for part in get_args(hint):
        if part in REGISTRIES or isinstance(part, type):
            yield from dataclasses_below(part)


CLASSES = list(dict.fromkeys(dataclasses_below(Recipe)))


def test_the_dataclasses_are_found(definitions: dict[str, Node]) -> None:
    assert {cls.__name__ for cls in CLASSES} == definitions.keys()


@pytest.mark.parametrize("cls", CLASSES)
def test_every_field_is_described(cls: type, definitions: dict[str, Node]) -> None:
    described = attribute_descriptions(cls)
    assert [field.name for field in fields(cls) if field.name not in described] == []
    node = definitions[cls.__name__]
    assert {key: part["description"] for key, part in node["properties"].items() if key != "type"} == {
        field.name: described[field.name] for field in fields(cls)
    }
    for text in (node["description"], *(part["description"] for part in node["properties"].values())):
        assert re.fullmatch(r"\S.*[.)]", text), "a sentence, on one line"


def test_what_a_class_inherits_is_described_too(definitions: dict[str, Node]) -> None:
    assert definitions[Step.__name__]["properties"]["warmup"]["description"].startswith("Epochs over which")
    assert definitions[AdamW.__name__]["properties"]["beta1"]["description"].startswith("β₁")


# What an editor says of a file is what nnfang says


def fits(node: Node, value: Any, definitions: dict[str, Node]) -> bool:
    """Whether a value is valid under a JSON Schema that has no other words than ours."""
    tests: dict[str, Callable[[Any], bool]] = {
        "$ref": lambda ref: fits(definitions[ref.removeprefix("#/$defs/")], value, definitions),
        "anyOf": lambda nodes: any(fits(part, value, definitions) for part in nodes),
        "const": lambda only: value == only,
        "enum": lambda names: value in names,
        "type": lambda name: {
            "null": value is None,
            "boolean": isinstance(value, bool),
            "integer": isinstance(value, int) and not isinstance(value, bool),
            "number": isinstance(value, int | float) and not isinstance(value, bool),
            "string": isinstance(value, str),
            "array": isinstance(value, list),
            "object": isinstance(value, dict),
        }[name],
        "minimum": lambda limit: value >= limit,
        "maximum": lambda limit: value <= limit,
        "exclusiveMinimum": lambda limit: value > limit,
        "exclusiveMaximum": lambda limit: value < limit,
        "items": lambda part: all(fits(part, item, definitions) for item in value),
        "properties": lambda parts: all(fits(parts[k], v, definitions) for k, v in value.items() if k in parts),
        "additionalProperties": lambda _: set(value) <= set(node["properties"]),
        "required": lambda keys: set(keys) <= set(value),
    }
    silent = {"title", "description", "default"}
    words = sorted(node.keys() - silent, key=list(tests).index)  # the type before what asks for it
    return all(tests[word](node[word]) for word in words)


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "configs").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_files_that_come_with_the_project_are_valid_under_the_schema(
    path: Path, definitions: dict[str, Node]
) -> None:
    assert fits(definitions["Recipe"], yaml.safe_load(path.read_text(encoding="utf-8")), definitions)


TREES: list[tuple[str, bool]] = [
    ("{}", True),
    ("optimizer: {learning_rate: 1}", True),  # a kind that is not named is the default
    ("optimizer: {momentum: 0.5}", False),
    ("optimizer: {type: momentum, momentum: 0.5}", True),
    ("schedule: {}", True),
    ("layers: [{units: 3}]", False),
    ("early_stopping: null", True),
    ("checkpoint_every: null", False),
    ("epoch: 3", False),
]


@pytest.mark.parametrize(("text", "valid"), TREES)
def test_the_schema_and_the_loader_agree(text: str, valid: bool, definitions: dict[str, Node]) -> None:
    assert fits(definitions["Recipe"], yaml.safe_load(text), definitions) is valid
    assert (find_fault(text) is None) is valid


CONTRADICTIONS = (
    "a network needs",
    "the last layer must",
    "for the last layer only",
    "needs an output",
    "no validation",
)


def find_fault(text: str) -> str | None:
    """What the loader says of a text, except for contradictions, of which a JSON Schema knows nothing."""
    try:
        config.load(io.StringIO(text), [], {})
    except ConfigError as error:
        return None if any(words in error.reason for words in CONTRADICTIONS) else error.reason
    return None


def damage(tree: Any, rng: random.Random) -> None:
    """Replace a value somewhere in a tree, take one away, or add one."""
    while True:
        key = rng.choice(list(tree) if isinstance(tree, dict) else range(len(tree)))
        if not isinstance(tree[key], dict | list) or not tree[key] or rng.random() < 0.2:
            break
        tree = tree[key]
    what = rng.random()
    if what < 0.7:
        tree[key] = rng.choice(
            [None, True, 0, 1, -1, 0.5, 2.5, "", "relu", "adam", "step", "dense", [], {}, {"type": "sgd"}]
        )
    elif what < 0.85:
        del tree[key]
    elif isinstance(tree, dict):
        tree[rng.choice(["type", "momentum", "end", "patience", "units", "rate", "warmup", "other"])] = 0.5


@pytest.mark.parametrize("seed", range(300))
def test_the_schema_and_the_loader_agree_about_damaged_trees(seed: int, definitions: dict[str, Node]) -> None:
    rng = random.Random(seed)
    tree = to_tree(Recipe())
    tree |= yaml.safe_load("{early_stopping: {patience: 1}, augment: {elastic: {}, rotate: 3}, limit: 9}")
    for _ in range(rng.randrange(1, 3)):
        damage(tree, rng)
    fault = find_fault(json.dumps(tree))
    assert fits(definitions["Recipe"], tree, definitions) is (fault is None), fault
