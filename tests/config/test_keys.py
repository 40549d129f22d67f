"""Which key is meant by one that does not exist."""

from __future__ import annotations

from dataclasses import fields

import pytest

from nnfang.config import sources as config
from nnfang.config.keys import REGISTRIES, SYNONYMS, find_name, list_keys
from nnfang.core.activations import ACTIVATIONS
from nnfang.core.initializers import INITIALIZERS
from nnfang.core.losses import LOSSES
from nnfang.errors import ConfigError
from nnfang.training.recipe import Recipe

NAMES = {*ACTIVATIONS, *INITIALIZERS, *LOSSES, *(name for registry in REGISTRIES.values() for name in registry)}


def complaint(setting: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config.load(None, [config.parse_override(setting)], {})
    return str(caught.value)


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ("lr=1", "optimizer.learning_rate"),
        ("LR=1", "optimizer.learning_rate"),
        ("optimizer.lr=1", "optimizer.learning_rate"),
        ("learning_rate=1", "optimizer.learning_rate"),
        ("learningRate=1", "optimizer.learning_rate"),
        ("learning_rte=1", "optimizer.learning_rate"),
        ("batchsize=1", "batch_size"),
        ("batch-size=1", "batch_size"),
        ("hidden=64", "layers"),
        ("units=64", "layers[0].units"),
        ("layers[1].neurons=64", "layers[1].units"),
        ("epoch=3", "epochs"),
        ("val_split=0.1", "validation_split"),
        ("random_state=1", "seed"),
        ("warmup=1", "schedule.warmup"),
        ("patience=3", "early_stopping.patience"),
        ("optimizer.batch_size=3", "batch_size"),
        ("momentum=0.9", "optimizer.type=momentum"),
        ("adam=true", "optimizer.type=adam"),
        ("cosine=1", "schedule.type=cosine"),
        ("dropout=0.5", "layers: [..., {type: dropout}, ...]"),
        ("optimizer=adam", "optimizer.type"),
        ("optimizer.type=SGD", "sgd"),
        ("loss=mse", "mean_squared_error"),
        ("loss=cross_entropy", "categorical_crossentropy"),
        ("layers[0].initializer=xavier_uniform", "glorot_uniform"),
    ],
)
def test_what_other_libraries_call_it_leads_to_the_key(setting: str, meant: str) -> None:
    assert f'Did you mean "{meant}"?' in complaint(setting)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("optimizer.momentum=0.9", "Type momentum has it."),
        ("optimizer.eps=1", "Types rmsprop, adam and adamw have it."),
        ("layers[0].rate=0.5", "Type dropout has it."),
        ("schedule.every=3", "Type step has it."),
    ],
)
def test_a_key_of_another_type_leads_to_the_type(setting: str, words: str) -> None:
    assert f"there is no such key. {words} Allowed here: type, " in complaint(setting)


@pytest.mark.parametrize("setting", ["nonsense=1", "optimizer.nonsense=1", "layers[0].dropout=1"])
def test_nothing_is_guessed_where_nothing_is_alike(setting: str) -> None:
    assert "there is no such key. Allowed here: " in complaint(setting)


@pytest.mark.parametrize(
    ("variable", "meant"),
    [("NNFANG_LR", "NNFANG_OPTIMIZER__LEARNING_RATE"), ("NNFANG_BATCHSIZE", "NNFANG_BATCH_SIZE")],
)
def test_environment_variables_know_the_same_words(variable: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f'Did you mean "{meant}"'):
        config.load(None, [], {variable: "1"})


def test_the_keys_are_those_that_can_be_set() -> None:
    keys = [key.path for key in list_keys(Recipe)]
    assert {field.name for field in fields(Recipe)} <= {*keys}
    assert {"optimizer.type", "optimizer.beta1", "layers[0].units", "layers[0].rate", "augment.elastic.sigma"} <= {
        *keys
    }
    for key in keys:
        with pytest.raises(ConfigError, match=r"found \[.*, expected |there is no such key\. Types? "):
            config.load(None, [config.Override(key, [[]], "a test")], {})


def test_each_synonym_stands_for_something_that_exists() -> None:
    keys = {key.name for key in list_keys(Recipe)}
    assert set(SYNONYMS.values()) - keys - NAMES == set()
    assert set(SYNONYMS) & NAMES == set()
    assert find_name("kaiming-normal", INITIALIZERS) == "he_normal"
