"""The YAML files that come with the project."""

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from nnfang.config import sources as config
from nnfang.core.network import Network
from nnfang.data import KNOWN
from nnfang.training.recipe import Recipe

FOLDER = Path(__file__).parents[2] / "configs"
FILES = sorted(FOLDER.glob("*.yaml"))


def load(path: Path) -> Recipe:
    return config.load(path, [], {}).recipe


def test_the_files_are_those_that_are_promised() -> None:
    assert [path.stem for path in FILES] == [
        *("ciresan2010", "deep", "fashion", "hinton2005", "minibatch", "paper-distorted", "paper"),
        *("simard2003-affine", "simard2003-elastic", "simard2003-plain", "tiny"),
    ]


def test_the_papers_file_is_the_default_but_for_the_validation_split() -> None:
    assert load(FOLDER / "paper.yaml") == replace(Recipe(), validation_split=0)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_loads_and_its_network_fits_its_data_set(path: Path) -> None:
    recipe = load(path)
    assert recipe.dataset in KNOWN
    network = Network.initialize(recipe.layers, 784, seed=recipe.seed, dtype=recipe.dtype)
    assert network.outputs == 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_survives_being_printed_and_loaded(path: Path) -> None:
    printed = config.to_yaml(load(path))
    assert config.load(io.StringIO(printed), [], {}).recipe == load(path)
    assert max(map(len, printed.splitlines())) <= 120


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_keys_stand_in_the_order_in_which_they_are_described(path: Path) -> None:
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert list(written) == sorted(written, key=list(Recipe.__dataclass_fields__).index)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_key_has_a_comment(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# "), "a file begins with what it is for"
    kinds_explained = {kind for line in lines if "#" in line for kind in re.findall(r"^  - \{type: (\w+)", line)}
    for number, line in enumerate(lines, 1):
        if kind := re.match(r"  - \{type: (\w+)", line):
            assert kind[1] in kinds_explained, f"{path.name}, line {number}: no line with this kind has a comment"
        elif re.match(r"\w+:", line):
            above = lines[number - 2]  # where a long line has its comment
            assert "#" in line or above.startswith("# "), f"{path.name}, line {number}: no comment"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_lines_fit_a_terminal(path: Path) -> None:
    assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 80


def test_all_files_together_show_every_key() -> None:
    written = {key for path in FILES for key in yaml.safe_load(path.read_text(encoding="utf-8"))}
    assert set(Recipe.__dataclass_fields__) == written
