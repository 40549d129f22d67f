from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))


def test_a_recipe_goes_by_name(nnfang: Nnfang) -> None:
    named = nnfang.inside("train", "-c", "paper-distorted", "--print-config")
    assert named.stdout == nnfang.inside("train", "-c", str(CONFIGS / "paper-distorted.yaml"), "--print-config").stdout
    assert "epochs: 1200" in named.stdout
    nnfang("train", "-c", "tiny", "--limit", "200", "--epochs", "1", "-o", "run")
    assert "dtype: float64" in (nnfang.folder / "run" / "config.yaml").read_text()


def test_a_typing_error_is_answered_with_the_nearest_name(nnfang: Nnfang) -> None:
    for arguments in (("train", "-c", "minibtach"), ("recipes", "minibtach")):
        assert 'Did you mean "minibatch"? Recipes: ' in nnfang.inside(*arguments, code=2).stderr


def test_the_list_names_each_with_its_network_data_set_and_epochs(nnfang: Nnfang) -> None:
    blocks = nnfang.inside("recipes").stdout.rstrip("\n").split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == NAMES
    paper = blocks[NAMES.index("paper")].splitlines()
    assert paper[1:] == [
        "  128-64-10 on mnist, 20 epochs",
        '  The experiment of "The Fascinating Maths Behind Neural Networks", section 5.',
    ]


def test_the_list_for_a_program(nnfang: Nnfang) -> None:
    found = {recipe["name"]: recipe for recipe in nnfang.inside("recipes", "--json").objects}
    assert list(found) == NAMES
    assert found["simard2003-plain"] == {
        "name": "simard2003-plain",
        "description": found["simard2003-plain"]["description"],
        "dataset": "mnist",
        "units": [800, 10],
        "epochs": 60,
    }


@pytest.mark.parametrize("name", NAMES)
def test_one_is_printed_with_its_comments_to_start_from(name: str, nnfang: Nnfang) -> None:
    text = (CONFIGS / f"{name}.yaml").read_text(encoding="utf-8")
    assert nnfang.inside("recipes", name).stdout == text
    (found,) = nnfang.inside("recipes", name, "--json").objects
    assert found["yaml"] == text


def test_what_is_printed_can_be_trained(nnfang: Nnfang) -> None:
    printed = nnfang.inside("recipes", "tiny").stdout
    again = nnfang.inside("train", "-c", "-", "--print-config", stdin=printed.encode()).stdout
    assert again == nnfang.inside("train", "-c", "tiny", "--print-config").stdout
