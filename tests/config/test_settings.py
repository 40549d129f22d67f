"""How a setting that is being typed may go on."""

from __future__ import annotations

import pytest

from nnfang.config import sources as config
from nnfang.config.settings import complete_setting


@pytest.mark.parametrize(
    ("start", "settings"),
    [
        ("ep", ["epochs="]),
        ("optimizer.learning_", ["optimizer.learning_rate="]),
        ("optimizer.beta", ["optimizer.beta1=", "optimizer.beta2="]),
        ("layers", ["layers[0].", "layers[1]."]),
        ("layers[1].u", ["layers[1].units="]),
        ("augment.el", ["augment.elastic."]),
        ("augment.elastic.s", ["augment.elastic.sigma="]),
        ("optimizer.type=ada", [f"optimizer.type={name}" for name in ("sgd", "momentum", "rmsprop", "adam", "adamw")]),
        ("shuffle=", ["shuffle=true", "shuffle=false"]),
        ("limit=", ["limit=null"]),
        ("epochs=", []),
        ("nonsense", []),
        ("nonsense=", []),
    ],
)
def test_a_setting_goes_on_to_its_next_part(start: str, settings: list[str]) -> None:
    assert [setting for setting, _ in complete_setting(start, layers=2)] == settings


def test_each_key_has_a_meaning() -> None:
    sections = [""]
    while sections:
        for setting, meaning in complete_setting(sections.pop(), layers=1):
            if setting.endswith("."):
                sections.append(setting)
            else:
                assert meaning, setting


def test_each_value_that_is_offered_is_valid() -> None:
    for setting in ("loss=", "dtype=", "on_divergence=", "optimizer.type=", "optimizer.nesterov="):
        offered = complete_setting(setting, layers=3)
        assert offered
        for value, _ in offered:
            kind = ["optimizer.type=momentum"] if setting == "optimizer.nesterov=" else []
            config.load(None, config.parse_overrides([*kind, value]), {})
