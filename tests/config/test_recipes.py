"""The recipes that come with nnfang, by name."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

import pytest

from nnfang.config import recipes
from nnfang.errors import ConfigError

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "configs").glob("*.yaml"))


def test_in_a_checkout_they_are_the_files_of_configs() -> None:
    assert [recipe.name for recipe in recipes.list_recipes()] == NAMES
    assert recipes.find_recipe("paper").path == ROOT / "configs" / "paper.yaml"


def test_the_wheel_has_copies_of_them_where_they_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert build["wheel"]["force-include"] == {"configs": "nnfang/recipes"}
    assert "/configs" in build["sdist"]["include"]
    (tmp_path / "configs").mkdir()  # another package's, beside nnfang in site-packages
    (tmp_path / "configs" / "stranger.yaml").write_text("epochs: 1")
    monkeypatch.setattr(recipes, "PACKAGE", tmp_path / "nnfang")
    shutil.copytree(ROOT / "configs", tmp_path / "nnfang" / "recipes")
    assert [recipe.name for recipe in recipes.list_recipes()] == NAMES
    assert recipes.locate(Path("tiny")) == tmp_path / "nnfang" / "recipes" / "tiny.yaml"


@pytest.mark.parametrize("name", NAMES)
def test_each_says_in_a_sentence_what_it_is(name: str) -> None:
    recipe = recipes.find_recipe(name)
    first, *_ = recipe.text.splitlines()
    assert recipe.description.startswith(first[2:40])
    assert recipe.description.endswith(".")
    assert "#" not in recipe.description
    assert "\n" not in recipe.description


def test_a_file_takes_precedence_over_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert recipes.locate(Path("paper")) == ROOT / "configs" / "paper.yaml"
    (tmp_path / "deep").mkdir()
    assert recipes.locate(Path("deep")) == ROOT / "configs" / "deep.yaml"
    (tmp_path / "paper").write_text("epochs: 1")
    assert recipes.locate(Path("paper")) == Path("paper")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names there")
def test_a_pipe_is_read_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("paper")
    assert recipes.locate(Path("paper")) == Path("paper")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "papper",
            'papper: there is no such file, and no recipe of this name. Did you mean "paper"? Recipes: ciresan2',
        ),
        ("qwxyz", "qwxyz: there is no such file, and no recipe of this name. Recipes: ciresan2010, deep, fashion, "),
        ("configs/deep.yaml", 'deep.yaml: there is no such file. Did you mean "deep"? Recipes: ciresan2010, '),
    ],
)
def test_a_typing_error_leads_to_the_nearest_name(
    name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        recipes.locate(Path(name))
    assert words in str(caught.value)


def test_any_other_path_is_left_to_whoever_opens_it() -> None:
    for name in ("mine.yaml", "folder/mine", "x" * 300 + ".yaml"):
        assert recipes.locate(Path(name)) == Path(name)


def test_an_unknown_name_alone_is_refused_alike() -> None:
    with pytest.raises(ConfigError, match=r'papper: there is no recipe of this name\. Did you mean "paper"\?'):
        recipes.find_recipe("papper")
