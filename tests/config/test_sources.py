"""Where a value comes from, and what is said of one that is wrong."""

import io
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest

from nnfang.config import sources as config
from nnfang.config.keys import REGISTRIES
from nnfang.config.sources import Config, Override
from nnfang.core.activations import ACTIVATIONS
from nnfang.core.constraints import OneOf
from nnfang.core.layers import Dense, Dropout
from nnfang.core.losses import LOSSES
from nnfang.core.optimizers import Adam, Momentum, Sgd
from nnfang.errors import ConfigError
from nnfang.training.recipe import PAPER_LAYERS, EarlyStopping, Recipe

SOFTMAX = "{type: dense, units: 10, activation: softmax}"
ALL_KEYS = ", ".join(field.name for field in fields(Recipe))


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Config]:
    """Loads a text as the file c.yaml, with --set options and environment variables."""

    def load(text: str | bytes | None = None, *settings: str, **environ: str) -> Config:
        path = tmp_path / "c.yaml"
        if text is not None:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return config.load(path if text is not None else None, [*map(config.parse_override, settings)], environ)

    return load


@pytest.fixture
def complaint(load: Callable[..., Config], tmp_path: Path) -> Callable[..., str]:
    """The one-line message about a text, the file's folder taken off."""

    def complaint(*args: Any, **environ: str) -> str:
        with pytest.raises(ConfigError) as caught:
            load(*args, **environ)
        message = str(caught.value)
        assert caught.value.exit_code == 2
        assert "\n" not in message
        return message.replace(f"{tmp_path}/", "")

    return complaint


# Precedence


def test_without_anything_the_recipe_is_the_default(load: Callable[..., Config]) -> None:
    assert load().recipe == Recipe()
    assert not load().dataset_was_named


def test_the_defaults_are_the_papers_experiment() -> None:
    recipe = Recipe()
    assert recipe.layers == PAPER_LAYERS == (Dense(128, "relu"), Dense(64, "relu"), Dense(10, "softmax"))
    assert recipe.optimizer == Sgd(learning_rate=0.01)
    assert (recipe.dataset, recipe.loss, recipe.batch_size, recipe.epochs) == (
        "mnist",
        "categorical_crossentropy",
        1,
        20,
    )
    assert (recipe.validation_split, recipe.seed, recipe.dtype, recipe.shuffle) == (0.1, 0, "float32", True)


@pytest.mark.parametrize("text", ["", "---\n", "# only a comment\n", "\ufeff"])
def test_an_empty_file_is_the_default(load: Callable[..., Config], text: str) -> None:
    assert load(text).recipe == Recipe()


@pytest.mark.parametrize(
    ("file", "environ", "setting", "epochs"),
    [
        (None, None, None, 20),
        (2, None, None, 2),
        (None, 3, None, 3),
        (None, None, 4, 4),
        (2, 3, None, 3),
        (2, None, 4, 4),
        (None, 3, 4, 4),
        (2, 3, 4, 4),
    ],
)
def test_defaults_are_overruled_by_the_file_it_by_the_environment_and_that_by_the_command_line(
    load: Callable[..., Config], file: int | None, environ: int | None, setting: int | None, epochs: int
) -> None:
    loaded = load(
        None if file is None else f"epochs: {file}",
        *([] if setting is None else [f"epochs={setting}"]),
        **({} if environ is None else {"NNFANG_EPOCHS": str(environ)}),
    )
    assert loaded.recipe == Recipe(epochs=epochs)


@pytest.mark.parametrize(
    ("text", "settings", "environ"),
    [
        ("dataset: mnist", [], {}),
        ("", ["dataset=mnist"], {}),
        ("", [], {"NNFANG_DATASET": "mnist"}),
    ],
)
def test_a_data_set_is_named_wherever_its_name_is_written(
    load: Callable[..., Config], text: str, settings: list[str], environ: dict[str, str]
) -> None:
    assert load(text, *settings, **environ).dataset_was_named


def test_standard_input_is_a_file_too() -> None:
    assert config.load(io.StringIO("epochs: 3"), [], {}).recipe == Recipe(epochs=3)


SETTINGS: list[tuple[list[str], dict[str, Any]]] = [
    (["seed=5"], {"seed": 5}),
    (["seed=5", "seed=6"], {"seed": 6}),
    ([" seed = 5 "], {"seed": 5}),
    (["dataset=a=b"], {"dataset": "a=b"}),
    (["limit="], {"limit": None}),
    (["optimizer.learning_rate=0.05"], {"optimizer": Sgd(0.05)}),
    (["optimizer.learning_rate=1"], {"optimizer": Sgd(1.0)}),
    (["optimizer.learning_rate=1e-3"], {"optimizer": Sgd(0.001)}),
    (["optimizer.learning_rate=.5E-3"], {"optimizer": Sgd(0.0005)}),
    (["optimizer.learning_rate=1.e+2"], {"optimizer": Sgd(100.0)}),
    (["layers[0].units=5"], {"layers": (Dense(5, "relu"), *PAPER_LAYERS[1:])}),
    (["layers[1].type=dropout"], {"layers": (PAPER_LAYERS[0], Dropout(), PAPER_LAYERS[2])}),
    (["layers[1]={type: dropout, rate: 0.2}"], {"layers": (PAPER_LAYERS[0], Dropout(0.2), PAPER_LAYERS[2])}),
    ([f"layers=[{SOFTMAX}]", "layers[0].units=7"], {"layers": (Dense(7, "softmax"),)}),
    (["early_stopping.patience=3"], {"early_stopping": EarlyStopping(patience=3)}),
    (["early_stopping={}"], {"early_stopping": EarlyStopping()}),
    (["optimizer={type: adam}"], {"optimizer": Adam()}),
    (["optimizer.type=sgd"], {"optimizer": Sgd()}),
]


@pytest.mark.parametrize(("settings", "changes"), SETTINGS)
def test_set_reaches_every_key(load: Callable[..., Config], settings: list[str], changes: dict[str, Any]) -> None:
    assert load(None, *settings).recipe == Recipe(**changes)


def test_a_learning_rate_that_is_an_integer_becomes_a_float(load: Callable[..., Config]) -> None:
    assert type(load("optimizer: {learning_rate: 1}").recipe.optimizer.learning_rate) is float


@pytest.mark.parametrize(
    "settings",
    [
        ["optimizer.type=adam", "optimizer.learning_rate=0.5", "optimizer.beta1=0.8"],
        ["optimizer.learning_rate=0.5", "optimizer.beta1=0.8", "optimizer.type=adam"],
        ["optimizer.beta1=0.8", "optimizer.type=adam", "optimizer.learning_rate=0.5"],
    ],
)
def test_a_type_and_its_settings_may_come_in_any_order(load: Callable[..., Config], settings: list[str]) -> None:
    assert load(None, *settings).recipe.optimizer == Adam(learning_rate=0.5, beta1=0.8)
    environ = {f"NNFANG_{key.replace('.', '__').upper()}": value for key, value in (s.split("=") for s in settings)}
    assert load(None, **environ).recipe.optimizer == Adam(learning_rate=0.5, beta1=0.8)


def test_a_new_type_discards_the_settings_of_the_old(load: Callable[..., Config]) -> None:
    old = "optimizer: {type: momentum, learning_rate: 0.5, momentum: 0.3}"
    assert load(old).recipe.optimizer == Momentum(learning_rate=0.5, momentum=0.3)
    assert load(old, "optimizer.type=adam").recipe.optimizer == Adam()
    assert load(old, NNFANG_OPTIMIZER__TYPE="adam").recipe.optimizer == Adam()
    assert load(old, "optimizer.type=momentum").recipe.optimizer == Momentum(learning_rate=0.5, momentum=0.3)
    assert load("optimizer: {type: adam}").recipe.optimizer == Adam()


def test_what_a_new_type_drops_is_named(load: Callable[..., Config]) -> None:
    old = (
        "optimizer: {type: adamw, learning_rate: 0.5, weight_decay: 0.3}\nlayers: [{type: dense, units: 3}, "
        + SOFTMAX
        + "]"
    )
    assert load(old).dropped == load(old, "optimizer.learning_rate=1", "layers[0].units=4").dropped == ()
    assert load(old, "optimizer.type=sgd").dropped == ("optimizer.learning_rate", "optimizer.weight_decay")
    assert load(old, "optimizer.type=sgd", "optimizer.learning_rate=1").dropped == ("optimizer.weight_decay",)
    assert load(old, "layers[0]={type: dropout}").dropped == ()
    assert load(old, "layers[0].type=dropout").dropped == ("layers[0].units",)
    assert load(old, "layers=[" + SOFTMAX + "]").dropped == ()


def test_a_file_that_names_no_type_keeps_the_default_type(load: Callable[..., Config]) -> None:
    assert load("optimizer: {weight_decay: 0.1}").recipe.optimizer == Sgd(weight_decay=0.1)


# YAML


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("<<: {epochs: 3}\nseed: 1", {"epochs": 3, "seed": 1}),
        ("epochs: 3\n<<: {epochs: 4}", {"epochs": 3}),
        ("<<: [{epochs: 3}, {epochs: 4, seed: 1}]", {"epochs": 3, "seed": 1}),
        (
            f"layers:\n- &a {{type: dense, units: 3}}\n- &b {{<<: *a, units: 4}}\n- *b\n- {SOFTMAX}",
            {"layers": (Dense(3), Dense(4), Dense(4), Dense(10, "softmax"))},
        ),
        ("dataset: 2024-01-01", {"dataset": "2024-01-01"}),
        ("epochs: !!int '3'", {"epochs": 3}),
        ("dataset: !!str 3", {"dataset": "3"}),
        ("epochs: 1_000", {"epochs": 1000}),
        ("shuffle: no", {"shuffle": False}),
        ("seed: 99999999999999999999999", {"seed": 99999999999999999999999}),
    ],
)
def test_yaml_is_read_as_its_writer_means_it(load: Callable[..., Config], text: str, changes: dict[str, Any]) -> None:
    assert load(text).recipe == Recipe(**changes)


# Mistakes: text -> what the message begins with after the file's name, and what else is in it

ACTIVATION_NAMES = ", ".join(ACTIVATIONS)
MISTAKES: list[tuple[str, str, list[str]]] = [
    # Names
    ("epoch: 3", ", line 1: epoch: ", ['Did you mean "epochs"?']),
    ("\n\nbatch-size: 3", ", line 3: batch-size: ", ['Did you mean "batch_size"?']),
    ("qwerty: 3", f", line 1: qwerty: there is no such key. Allowed here: {ALL_KEYS}", []),
    (
        "augment: {elastic: 3}",
        ", line 1: augment.elastic: found 3, expected null or a mapping with the keys alpha, sigma",
        [],
    ),
    ("optimizer.learning_rate: 3", ", line 1: optimizer.learning_rate: there is no such key", []),
    (
        "layers:\n  - {type: dense, units: 3, unit: 3}",
        ", line 2: layers[0].unit: ",
        ['"layers[0].units"', "type, units, activation"],
    ),
    (
        "optimizer:\n  learning_rat: 1",
        ", line 2: optimizer.learning_rat: ",
        ['"optimizer.learning_rate"', "weight_decay"],
    ),
    ("optimizer: {momentum: 0.9}", ", line 1: optimizer.momentum: ", ["type, learning_rate, weight_decay"]),
    (
        "schedule: {type: step, evry: 1}",
        ", line 1: schedule.evry: ",
        ['mean "schedule.every"?', "warmup, every, drop"],
    ),
    (
        "early_stopping: {pateince: 3}",
        ", line 1: early_stopping.pateince: ",
        ['"early_stopping.patience"', "patience, metric"],
    ),
    ("optimizer: {type: sdg}", ", line 1: optimizer.type: found 'sdg'", ['Did you mean "sgd"?', "sgd, momentum, rms"]),
    ("schedule: {type: cosin}", ", line 1: schedule.type: found 'cosin'", ['Did you mean "cosine"?', "constant, step"]),
    ("layers: [{type: dens}]", ", line 1: layers[0].type: found 'dens'", ["one of dense, dropout", '"dense"?']),
    (
        f"layers:\n  - {{type: dense, units: 3, activation: rleu}}\n  - {SOFTMAX}",
        ", line 2: layers[0].activation: found 'rleu'",
        [f"expected one of {ACTIVATION_NAMES}", 'Did you mean "relu"?'],
    ),
    ("loss: mean_squarederror", ", line 1: loss: found 'mean_squarederror'", [f"one of {', '.join(LOSSES)}", "mean_s"]),
    ("dtype: float16", ", line 1: dtype: found 'float16'", ["one of float32, float64"]),
    ("engine: onlin", ", line 1: engine: found 'onlin'", ["one of auto, batch, online", 'Did you mean "online"?']),
    ("early_stopping: {metric: val_los}", ", line 1: early_stopping.metric: found 'val_los'", ["val_loss, val_accura"]),
    # Types
    ("epochs: three", ", line 1: epochs: found 'three', expected an integer >= 0", []),
    ("epochs: true", ", line 1: epochs: found true, expected an integer", []),
    ("epochs: 20.0", ", line 1: epochs: found 20.0, expected an integer", []),
    ("epochs:", ", line 1: epochs: found null, expected an integer", []),
    ("epochs: '3'", ", line 1: epochs: found '3', expected an integer", []),
    ("limit: 0.5", ", line 1: limit: found 0.5, expected an integer >= 1 or null", []),
    ("shuffle: 1", ", line 1: shuffle: found 1, expected true or false", []),
    ("shuffle: 'yes'", ", line 1: shuffle: found 'yes', expected true or false", []),
    ("dataset: 3", ", line 1: dataset: found 3, expected a string", []),
    ("validation_split: true", ", line 1: validation_split: found true, expected a number >= 0 and < 1", []),
    ("optimizer: adam", ", line 1: optimizer: found 'adam', expected a mapping whose type is one of sgd", []),
    ("optimizer: {type: null}", ", line 1: optimizer.type: found null, expected one of sgd", []),
    ("optimizer: {type: [sgd]}", ", line 1: optimizer.type: found ['sgd'], expected one of sgd", []),
    ("optimizer: {type: momentum, nesterov: 1}", ", line 1: optimizer.nesterov: found 1, expected true or false", []),
    ("schedule: cosine", ", line 1: schedule: found 'cosine', expected a mapping whose type is one of constant", []),
    (
        "early_stopping: true",
        ", line 1: early_stopping: found true, expected null or a mapping",
        ["patience, metric", "null"],
    ),
    ("layers: 3", ", line 1: layers: found 3, expected a list", []),
    ("layers: {}", ", line 1: layers: found {}, expected a list", []),
    ("layers:\n- 3", ", line 2: layers[0]: found 3, expected a mapping whose type is one of dense, dropout", []),
    ("layers:\n- {units: 3}", ", line 2: layers[0].type: missing, expected one of dense, dropout", []),
    ("layers:\n- {type: dense}", ", line 2: layers[0].units: missing, expected an integer >= 1", []),
    # Bounds
    ("layers:\n- type: dense\n  units: 0", ", line 3: layers[0].units: found 0, expected an integer >= 1", []),
    ("layers: [{type: dropout, rate: 1}]", ", line 1: layers[0].rate: found 1, expected a number >= 0 and < 1", []),
    ("optimizer: {learning_rate: -1}", ", line 1: optimizer.learning_rate: found -1, expected a number > 0", []),
    ("optimizer: {learning_rate: 0}", ", line 1: optimizer.learning_rate: found 0, expected a number > 0", []),
    ("optimizer: {learning_rate: .nan}", ", line 1: optimizer.learning_rate: found nan, expected a number > 0", []),
    ("optimizer: {learning_rate: .inf}", ", line 1: optimizer.learning_rate: ", ["found inf", "> 0 and finite"]),
    ("optimizer: {weight_decay: .inf}", ", line 1: optimizer.weight_decay: ", ["found inf", ">= 0 and finite"]),
    ("optimizer: {learning_rate: 1e999}", ", line 1: optimizer.learning_rate: ", ["found inf"]),
    (
        "optimizer: {learning_rate: 1" + "0" * 400 + "}",
        ", line 1: optimizer.learning_rate: found '1000",
        ["...", "a number of 401 digits, which is too long"],
    ),
    ("schedule: {type: cosine, end: 2}", ", line 1: schedule.end: found 2, expected a number >= 0 and <= 1", []),
    ("batch_size: 0", ", line 1: batch_size: found 0, expected an integer >= 1", []),
    ("epochs: -1", ", line 1: epochs: found -1, expected an integer >= 0", []),
    ("validation_split: 1", ", line 1: validation_split: found 1, expected a number >= 0 and < 1", []),
    ("validation_split: .nan", ", line 1: validation_split: found nan", []),
    ("limit: 0", ", line 1: limit: found 0, expected an integer >= 1 or null", []),
    ("early_stopping: {patience: 0}", ", line 1: early_stopping.patience: found 0, expected an integer >= 1", []),
    # Contradictions
    ("layers: []", ", line 1: layers: a network needs at least one layer", []),
    (
        f"layers:\n- {{type: dense, units: 3, activation: softmax}}\n- {SOFTMAX}",
        ", line 2: layers[0].activation: softmax is for the last layer only",
        [],
    ),
    (
        "layers:\n- {type: dense, units: 3}\n- {type: dropout}",
        ", line 3: layers[1]: the last layer must be dense, with one unit per class",
        [],
    ),
    (
        "layers:\n- {type: dense, units: 3, activation: linear}",
        ", line 2: layers[0].activation: categorical_crossentropy needs an output layer with activation softmax, found",
        ["linear"],
    ),
    (
        "loss: mean_squared_error\nlayers:\n- {type: dense, units: 3}",
        ", line 3: layers[0].activation: mean_squared_error needs an output layer with activation softmax or linear, ",
        ["found relu"],
    ),
    (
        "validation_split: 0\nearly_stopping: {patience: 2}",
        ", line 2: early_stopping: there are no validation images to watch, because validation_split is 0",
        [],
    ),
    # YAML that is none, or not for us
    ("epochs: 3\nseed: 1\nepochs: 4", ", line 3: epochs: duplicate key, first on line 1", []),
    ("optimizer:\n  type: sgd\n  type: adam", ", line 3: optimizer.type: duplicate key, first on line 2", []),
    (
        f"layers:\n- {{type: dense,\n  units: 3, units: 4}}\n- {SOFTMAX}",
        ", line 3: layers[0].units: duplicate key",
        ["line 3"],
    ),
    ("<<: {epochs: 3,\n epochs: 4}", ", line 2: epochs: duplicate key, first on line 1", []),
    ("<<: {epochs: 3}\n<<: {seed: 4}", ", line 2: <<: duplicate key, first on line 1", []),
    ("<<: 3", ", line 1: found '3' to merge, expected a mapping", []),
    ("<<: [3]", ", line 1: found '3' to merge, expected a mapping", []),
    ("- 1\n- 2", ": found [1, 2], expected a mapping such as epochs: 20", []),
    ("hello", ": found 'hello', expected a mapping", []),
    ("on: 1", ", line 1: found the key 'on', which YAML reads as bool, expected a name", []),
    ("1: 2", ", line 1: found the key '1', which YAML reads as int, expected a name", []),
    ("'': 2", ", line 1: found the key '', expected a name", []),
    ("? [a, b]\n: 3", ", line 1: found a list or mapping as a key, expected a name", []),
    ("seed: 1\nepochs: 3\n---\nepochs: 4", ", line 3: not valid YAML: but found another document", []),
    ("seed: 1\nepochs: [", ", line 2: not valid YAML: ", []),
    ("epochs: 3\n  seed: 4", ", line 2: not valid YAML: mapping values are not allowed here", []),
    ("augment:\n\trotate: 3", ", line 2: not valid YAML: a tab, where spaces are needed", []),
    ("epochs: *x", ", line 1: not valid YAML: found undefined alias", []),
    ("epochs: \x00", ", line 1: not valid YAML: the character #x0000 is not allowed", []),
    ("seed: 1\nepochs: !foo 3", ", line 2: epochs: the tag !foo is not allowed", []),
    ("epochs: !!python/name:os.system ''", ", line 1: epochs: the tag tag:yaml.org,2002:python/name:os.syst", []),
    (
        "!!python/object/apply:os.getcwd []",
        ", line 1: the tag tag:yaml.org,2002:python/object/apply:os.getcwd is not",
        [],
    ),
    ("epochs: !!binary aGVsbG8=", ", line 1: epochs: the tag tag:yaml.org,2002:binary is not allowed", []),
    ("epochs: !!bool maybe", ", line 1: epochs: found 'maybe', which is not a valid bool", []),
    ("epochs: !!int ''", ", line 1: epochs: found '', which is not a valid int", []),
    ("epochs: " + "9" * 5000, ", line 1: epochs: found '9999", ["...", "a number of 5000 digits, which is too long"]),
    # Odd names
    ("'a - at `$.b': 3", ", line 1: a - at `$.b: there is no such key", []),
    ("'a]': 3", ", line 1: a]: there is no such key", []),
    ('"a\\nb": 3', r", line 1: found the key 'a\nb', expected a name", []),
    ('"\\e[2J": 3', r", line 1: found the key '\x1b[2J', expected a name", []),
    # Floods
    ("a: &a [" + "[" * 500 + "]" * 500 + "]", ": nested too deeply", []),
    ("[" * 2000, ": nested too deeply", []),
    ("a: &a [*a]", ": nested too deeply", []),
    ("a: &a {<<: *a}", ": nested too deeply", []),
    (
        "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
        + "".join(f"{y}: &{y} [{', '.join([f'*{x}'] * 10)}]\n" for x, y in zip("abcdefgh", "bcdefghi", strict=True)),
        ": more than 10,000 values",
        [],
    ),
    (
        "a: &a {}\n"
        + "".join(
            f"{y}: &{y} {{<<: [{', '.join([f'*{x}'] * 10)}]}}\n" for x, y in zip("abcdef", "bcdefg", strict=True)
        ),
        ": more than 10,000 values",
        [],
    ),
]


@pytest.mark.parametrize(("text", "beginning", "parts"), MISTAKES, ids=[text[:40] for text, _, _ in MISTAKES])
def test_a_mistake_in_a_file_is_said_with_line_and_path(
    complaint: Callable[..., str], text: str, beginning: str, parts: list[str]
) -> None:
    message = complaint(text)
    assert message.startswith(f"c.yaml{beginning}")
    assert [part for part in parts if part not in message] == []
    assert len(message) < 600


def test_a_small_file_that_stands_for_a_huge_one_is_refused_at_once(complaint: Callable[..., str]) -> None:
    inner = "{x: 1}"
    for name in "abcdefghijkl":  # merged, one in the other, this would be 9^12 keys
        inner = f"{{<<: [&{name} {inner}, {', '.join([f'*{name}'] * 8)}]}}"
    assert "more than 10,000 values" in complaint(f"a: {inner}")


def test_a_file_that_is_not_utf_8_is_refused(complaint: Callable[..., str]) -> None:
    assert complaint(b"dataset: caf\xe9") == "c.yaml: not UTF-8 text (byte 12)"


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    missing, folder = "there is no such file", "cannot be read: Is a directory"
    for path, reason in ((tmp_path / "none.yaml", missing), (tmp_path, folder)):
        with pytest.raises(ConfigError, match=f"{path}: {reason}"):
            config.load(path, [], {})


def test_a_mistake_in_standard_input_is_named_as_such() -> None:
    with pytest.raises(ConfigError, match="standard input, line 2: seed: found -1"):
        config.load(io.StringIO("epochs: 3\nseed: -1"), [], {})


WRONG_SETTINGS = [
    ("epochs=x", "--set epochs=x: epochs: found 'x', expected an integer >= 0"),
    ("epoch=3", '--set epoch=3: epoch: there is no such key. Did you mean "epochs"?'),
    ("optimizer.learning_rate=-1", "--set optimizer.learning_rate=-1: optimizer.learning_rate: found -1"),
    ("optimizer.rate=1", "--set optimizer.rate=1: optimizer.rate: there is no such key."),
    (
        "layers[0].unit=1",
        '--set layers[0].unit=1: layers[0].unit: there is no such key. Did you mean "layers[0].uni',
    ),
    ("layers[7].units=1", "--set layers[7].units=1: layers[7]: there is no such item; the list has 3, counted from 0"),
    (
        "layers.0.units=3",
        "--set layers.0.units=3: layers.0: there is no such key; items of a list are written [0], [1] ...",
    ),
    ("epochs[0]=3", "--set epochs[0]=3: epochs[0]: there is no such item in 20, which is not a list"),
    ("epochs.x=3", "--set epochs.x=3: epochs.x: there is no such key in 20"),
    ("layers[2].activation=linear", "--set layers[2].activation=linear: layers[2].activation: categorical_crossent"),
    ("layers[0]=", "--set layers[0]=: layers[0]: found null, expected a mapping"),
    ("type=sgd", '--set type=sgd: type: there is no such key. Did you mean "dtype"?'),
    *(
        (text, f"--set {text}: expected KEY=VALUE, such as")
        for text in ("epochs", "=3", "layers[-1].units=3", "layers[0.units=3", "a..b=3", "..=3", "[0]=3", "a b=3")
    ),
    ("epochs=[", "--set epochs=[, line 1: not valid YAML"),
    ("epochs=1\nseed=2", "--set epochs=1 seed=2: epochs: found '1 seed=2'"),
    ("epochs={a: 1, a: 2}", "--set epochs={a: 1, a: 2}, line 1: epochs.a: duplicate key, first on line 1"),
    ("epochs=\udcff", "--set epochs=\udcff, line 1: not valid YAML: the character #xdcff is not allowed"),
]


@pytest.mark.parametrize(("setting", "beginning"), WRONG_SETTINGS, ids=ascii)
def test_a_mistake_in_an_option_is_said_with_the_option(
    complaint: Callable[..., str], setting: str, beginning: str
) -> None:
    assert complaint("layers:\n- {type: dense, units: 3}\n- {type: dropout}\n- " + SOFTMAX, setting).startswith(
        beginning
    )


def test_an_option_is_blamed_for_what_it_replaced_and_not_the_line_that_it_replaced(
    complaint: Callable[..., str],
) -> None:
    file = f"layers:\n- {{type: dense, units: 3}}\n- {SOFTMAX}"
    setting = "layers=[{type: dense, units: 0}]"
    assert complaint(file, setting).startswith(f"--set {setting}: layers[0].units: found 0")
    assert complaint(file, NNFANG_LAYERS="[{type: dense, units: 0}]").startswith("environment variable NNFANG_LAYERS: ")


def test_a_mistake_that_shows_later_is_traced_to_where_it_was_written(load: Callable[..., Config]) -> None:
    loaded = load(f"epochs: 3\nlayers:\n- {SOFTMAX}", "layers[0].units=7")
    assert "c.yaml, line 1: epochs: no" in str(loaded.error("epochs", "no"))
    assert str(loaded.error("layers[0].units", "no")) == "--set layers[0].units=7: layers[0].units: no"
    assert "c.yaml, line 3: layers[0].initializer: no" in str(loaded.error("layers[0].initializer", "no"))
    assert str(load().error("layers[2].units", "no")) == "layers[2].units: no"


WRONG_ENVIRONMENTS = [
    ("NNFANG_EPOCH", "3", 'there is no such setting. Did you mean "NNFANG_EPOCHS"?'),
    (
        "NNFANG_OPTIMIZER_LEARNING_RATE",
        "1",
        'there is no such setting. Did you mean "NNFANG_OPTIMIZER__LEARNING_RATE"?',
    ),
    ("NNFANG_QWERTY", "3", "there is no such setting. Allowed: NNFANG_DATASET, "),
    ("NNFANG_MIROR", "3", 'there is no such setting. Did you mean "NNFANG_MIRROR"?'),
    ("NNFANG_", "3", "there is no such setting."),
    ("NNFANG_EPOCHS__", "3", "there is no such setting."),
    ("NNFANG_EPOCHS", "null", "epochs: found null, expected an integer >= 0"),
    ("NNFANG_EPOCHS", "many", "epochs: found 'many', expected an integer >= 0"),
    ("NNFANG_EPOCHS__X", "3", "epochs.x: there is no such key in 20"),
    (
        "NNFANG_OPTIMIZER__LEARNING_RAT",
        "1",
        'optimizer.learning_rat: there is no such key. Did you mean "optimizer.learning_rate"?',
    ),
    ("NNFANG_LAYERS__0__UNITS", "1", "layers.0: there is no such key; items of a list are written"),
]


@pytest.mark.parametrize(("name", "value", "reason"), WRONG_ENVIRONMENTS)
def test_a_misspelt_or_wrong_variable_does_not_go_unnoticed(
    complaint: Callable[..., str], name: str, value: str, reason: str
) -> None:
    assert complaint(None, **{name: value}).startswith(f"environment variable {name}: {reason}")


def test_variables_that_are_no_keys_are_left_alone(load: Callable[..., Config]) -> None:
    environ = {"NNFANG_OFFLINE": "1", "NNFANG_MIRROR": "x", "NNFANG_DATA_DIR": "[", "NNFANG_DEBUG": "1"}
    environ |= {"HOME": "x", "nnfang_epochs": "9"}
    assert load(None, **environ).recipe == Recipe()


def test_a_variable_that_is_set_to_nothing_is_not_set(load: Callable[..., Config]) -> None:
    assert load(None, NNFANG_EPOCHS="").recipe == Recipe()


def test_a_file_that_is_too_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("#" * 1_000_001)
    with pytest.raises(ConfigError, match=r"a\.yaml: longer than 1,000,000 characters"):
        config.load(path, [], {})


def test_an_option_of_its_own_is_blamed_under_its_name() -> None:
    with pytest.raises(ConfigError, match=r"^--epochs -1: epochs: found -1"):
        config.load(None, [Override("epochs", -1, "--epochs -1")], {})


# Several faults at once

SEVERAL = """\
epoch: 3
optimizer: {type: momentum, momentum: 1, nesterov: maybe}
layers:
- {type: dense, units: 0, activation: rleu}
- {units: 3}
- !foo {type: dropout}
- 7
schedule:
  type: step
  type: cosine
  every: .nan
? [a]
: 1
early_stopping: {patience: !!int many, metric: val_los}
limit: []
"""
SEVERAL_TOLD = [
    ", line 1: epoch: there is no such key. Did you mean",
    ", line 2: optimizer.momentum: found 1, expected a number >= 0 and < 1",
    ", line 2: optimizer.nesterov: found 'maybe', expected true or false",
    ", line 4: layers[0].units: found 0, expected an integer >= 1",
    ", line 4: layers[0].activation: found 'rleu', expected one of",
    ", line 5: layers[1].type: missing, expected one of dense, dropout",
    ", line 6: layers[2]: the tag !foo is not allowed",
    ", line 7: layers[3]: found 7, expected a mapping whose type is one of dense, dropout",
    ", line 10: schedule.type: duplicate key, first on line 9",
    ", line 11: schedule.every: found nan, expected a number > 0 and finite",
    ", line 12: found a list or mapping as a key, expected a name",
    ", line 14: early_stopping.patience: found 'many', which is not a valid int",
    ", line 14: early_stopping.metric: found 'val_los', expected one of val_loss, val_accuracy or null. Did you",
    ", line 15: limit: found [], expected an integer >= 1 or null",
]


def test_all_faults_of_a_file_are_told_at_once_in_its_order(
    load: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConfigError, "most_lines", 99)
    with pytest.raises(ConfigError) as caught:
        load(SEVERAL)
    lines = str(caught.value).splitlines()
    assert [line.partition("c.yaml")[2][: len(told)] for line, told in zip(lines, SEVERAL_TOLD, strict=True)] == (
        SEVERAL_TOLD
    )
    assert lines == [str(fault) for fault in caught.value.faults]
    assert [fault.faults for fault in caught.value.faults] == [(fault,) for fault in caught.value.faults]


def test_the_first_of_several_faults_gives_the_error_its_place(load: Callable[..., Config]) -> None:
    with pytest.raises(ConfigError) as caught:
        load("seed: 1\nepochs: -1\nlimit: 0")
    assert (caught.value.path, caught.value.reason) == ("epochs", "found -1, expected an integer >= 0")
    assert str(caught.value.origin).endswith("c.yaml, line 2")
    assert [fault.path for fault in caught.value.faults] == ["epochs", "limit"]
    assert [str(fault.origin)[-1] for fault in caught.value.faults] == ["2", "3"]


def test_a_flood_of_faults_is_cut_after_ten_lines(load: Callable[..., Config]) -> None:
    with pytest.raises(ConfigError) as caught:
        load("\n".join(f"key{i}: 1" for i in range(13)))
    assert len(caught.value.faults) == 13
    *lines, rest = str(caught.value).splitlines()
    assert [f", line {i}: key{i - 1}: there is no such key" in line for i, line in enumerate(lines, 1)] == [True] * 10
    assert rest == "and 3 more"


def test_faults_of_file_environment_and_options_are_told_together_in_this_order(load: Callable[..., Config]) -> None:
    environ = {"NNFANG_SED": "1", "NNFANG_DTYPE": "[", "NNFANG_EPOCHS": "-1"}
    with pytest.raises(ConfigError) as caught:
        load("limit: 0\nloss: !foo x", "layers[9].units=3", "batch_size=0", "loss=x", **environ)
    origins = [str(fault.origin).rpartition("/")[2] for fault in caught.value.faults]
    assert origins == [
        *("c.yaml, line 1", "c.yaml, line 2"),
        "environment variable NNFANG_SED",
        "environment variable NNFANG_DTYPE, line 1",
        "environment variable NNFANG_EPOCHS",
        *("--set layers[9].units=3", "--set loss=x", "--set batch_size=0"),
    ]


def test_a_file_that_is_not_yaml_is_told_with_misspelt_variables_and_nothing_that_depends_on_it(
    load: Callable[..., Config],
) -> None:
    with pytest.raises(ConfigError) as caught:
        load("epochs: 3\nlayers: [", "layers[7].units=3", NNFANG_SED="1")
    assert [(fault.path, fault.reason[:20]) for fault in caught.value.faults] == [
        (None, "not valid YAML: expe"),
        (None, "there is no such set"),
    ]


def test_settings_are_told_together_too() -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse_overrides(["epochs", "seed=1", "seed={a: 1, a: 2, b: !x y}"])
    assert [str(fault) for fault in caught.value.faults] == [
        "--set epochs: expected KEY=VALUE, such as optimizer.learning_rate=0.05 or layers[0].units=64",
        "--set seed={a: 1, a: 2, b: !x y}, line 1: seed.a: duplicate key, first on line 1",
        "--set seed={a: 1, a: 2, b: !x y}, line 1: seed.b: the tag !x is not allowed",
    ]
    assert config.parse_overrides(["seed=1", "epochs=2"]) == [
        Override("seed", 1, "--set seed=1"),
        Override("epochs", 2, "--set epochs=2"),
    ]


def test_what_follows_from_a_fault_is_not_told(load: Callable[..., Config]) -> None:
    for text in (
        "optimizer: !foo {type: sgd}",
        "layers: [!foo x]",
        "epochs: !!int x",
        "optimizer: {type: !foo x, y: 1}",
    ):
        with pytest.raises(ConfigError) as caught:
            load(text)
        assert len(caught.value.faults) == 1, text


def test_a_value_that_replaces_an_unreadable_one_is_checked_itself(load: Callable[..., Config]) -> None:
    with pytest.raises(ConfigError) as caught:
        load("optimizer: {learning_rate: !foo x}", "optimizer.learning_rate=-1")
    assert [fault.reason[:9] for fault in caught.value.faults] == ["the tag !", "found -1,"]


def test_contradictions_are_looked_for_among_valid_values_only(load: Callable[..., Config]) -> None:
    with pytest.raises(ConfigError) as caught:
        load("validation_split: 0\nearly_stopping: {}\nseed: -1")
    assert [fault.path for fault in caught.value.faults] == ["seed"]


# Round trip

TEXTS = [
    "mnist",
    "1e5",
    "1e-3",
    "2024-01-01",
    "on",
    "~",
    "null",
    "1:30",
    "é",
    "a: b",
    "#",
    "<<",
    "=",
    " x ",
    "x\ny",
    "-",
]


def test_a_printed_config_loads_to_the_same_recipe() -> None:
    for text in TEXTS:
        recipe = Recipe(dataset=text)
        assert config.load(io.StringIO(config.to_yaml(recipe)), [], {}).recipe == recipe


@pytest.mark.parametrize("seed", range(60))
def test_any_recipe_survives_being_printed_and_loaded(seed: int) -> None:
    recipe = Recipe(**dict(random_fields(random.Random(seed))))
    printed = config.to_yaml(recipe)
    loaded = config.load(io.StringIO(printed), [], {}).recipe
    assert loaded == recipe
    assert config.to_yaml(loaded) == printed


def random_fields(rng: random.Random) -> Iterator[tuple[str, Any]]:
    """Values of a valid recipe."""
    values = random_values(Recipe, rng)
    hidden = [name for name in ACTIVATIONS if name != "softmax"]
    layers = [random_value(hint, rng) for hint in rng.choices([Dense, Dropout], k=rng.randrange(4))]
    layers = [Dense(x.units, rng.choice(hidden), x.initializer) if isinstance(x, Dense) else x for x in layers]
    activation = rng.choice(LOSSES[values["loss"]].outputs)
    values["layers"] = (*layers, Dense(rng.randrange(1, 2000), activation))
    if not values["validation_split"]:
        values["early_stopping"] = None
    yield from values.items()


def random_values(cls: type, rng: random.Random) -> dict[str, Any]:
    """Each field of a dataclass at random, or left out where it has a default."""
    hints = get_type_hints(cls, include_extras=True)
    required = {field.name for field in fields(cls) if field.default is MISSING}
    names = [
        name
        for name in (field.name for field in fields(cls))
        if cls is Recipe or name in required or rng.random() < 0.7
    ]
    return {name: random_value(hints[name], rng) for name in names}


def random_value(hint: Any, rng: random.Random) -> Any:  # noqa: PLR0911 - one line a form of annotation
    """A value of an annotation, often at the edge of what is allowed."""
    if hint in REGISTRIES:
        return random_value(rng.choice(list(REGISTRIES[hint].values())), rng)
    if isinstance(hint, type) and is_dataclass(hint):
        return hint(**random_values(hint, rng))
    if get_origin(hint) is UnionType or (get_args(hint) and type(None) in get_args(hint)):
        return rng.choice([None, random_value(get_args(hint)[0], rng)])
    if get_origin(hint) is tuple:
        return ()
    if hint is bool:
        return rng.random() < 0.5
    if hint is str:
        return rng.choice([*TEXTS, "".join(map(chr, rng.choices(range(32, 127), k=20)))])
    assert get_origin(hint) is Annotated, hint
    base, mark = get_args(hint)
    if isinstance(mark, OneOf):
        return rng.choice(mark.names)
    candidates: list[float] = [0, 1, 2**31, 2**70, rng.randrange(10**6)]
    if base is float:
        candidates += [0.1, 5e-324, 1e-7, 1e300, math.nextafter(1, 0), rng.random(), 10 ** rng.uniform(-9, 9)]
    return base(rng.choice([value for value in candidates if mark.allows(value)]))
