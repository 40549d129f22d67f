"""How what has been typed of a setting may go on."""

import pytest

from nnfang.config.settings import complete_setting, list_settings
from nnfang.core.optimizers import OPTIMIZERS


def proposed(start: str, layers: int = 2) -> list[str]:
    return [text for text, _ in complete_setting(start, layers)]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("ep", ["epochs="]),
        ("optimizer", ["optimizer."]),
        ("optimizer.l", ["optimizer.learning_rate="]),
        ("layers[", ["layers[0].", "layers[1]."]),
        ("layers[1].u", ["layers[1].units="]),
        ("layers[2]", []),
        ("optimizer.type=", [f"optimizer.type={name}" for name in OPTIMIZERS]),
        ("shuffle=", ["shuffle=true", "shuffle=false"]),
        ("limit=", ["limit=null"]),
        (
            "early_stopping.metric=",
            [f"early_stopping.metric={value}" for value in ("val_loss", "val_accuracy", "null")],
        ),
        ("epochs=", []),
        ("nothing", []),
        ("nothing=", []),
    ],
)
def test_a_setting_goes_on_to_its_next_dot_or_to_its_values(start: str, expected: list[str]) -> None:
    assert proposed(start) == expected


def test_a_key_is_proposed_once_and_with_its_meaning() -> None:
    found = complete_setting("", 2)
    assert len({text for text, _ in found}) == len(found)
    meanings = dict(found)
    assert meanings["epochs="] == "Passes over the training images."
    assert meanings["optimizer."] == ""
    assert dict(complete_setting("optimizer.t", 2))["optimizer.type="].startswith("Which of its kinds")


def test_each_layer_has_its_own_settings_and_each_kind_its_keys() -> None:
    keys = [key for key, _, _ in list_settings(2)]
    assert {"layers[0].units", "layers[1].units", "layers[0].rate", "optimizer.beta2", "schedule.warmup"} <= {*keys}
    assert {"layers[0].type", "optimizer.type", "schedule.type", "augment.elastic.sigma"} <= {*keys}
    assert "layers[2].units" not in keys
    assert len(keys) == len({*keys})
