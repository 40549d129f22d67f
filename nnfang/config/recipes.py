"""The recipes that come with nnfang: commented YAML files, known by name.

In a checkout they are the files of ``configs/``; a wheel has copies of them in ``nnfang/recipes/``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from nnfang.errors import ConfigError
from nnfang.names import did_you_mean, find_nearest

PACKAGE = Path(__file__).parent.parent
ENDING = ".yaml"


@dataclass(frozen=True)
class RecipeFile:
    """A recipe that comes with nnfang.

    Attributes:
        name: Of the file, without its ending.
        path: Of the file.
    """

    name: str
    path: Path

    @property
    def text(self) -> str:
        """The commented YAML."""
        return self.path.read_text(encoding="utf-8")

    @property
    def description(self) -> str:
        """The first sentence of the comment that the file begins with."""
        comment = re.match(r"(#.*\n)*", self.text)
        words = " ".join(line.removeprefix("#").strip() for line in (comment[0] if comment else "").splitlines())
        return re.split(r"(?<=\.) ", words, maxsplit=1)[0]


def list_recipes() -> list[RecipeFile]:
    """All of them, sorted by name."""
    return _list_files(_find_folder())


def list_sweeps() -> list[RecipeFile]:
    """The sweeps that come with nnfang, sorted by name."""
    return _list_files(_find_folder() / "sweeps")


def _find_folder() -> Path:
    packaged = PACKAGE / "recipes"
    return packaged if packaged.is_dir() else PACKAGE.parent / "configs"


def _list_files(folder: Path) -> list[RecipeFile]:
    return [RecipeFile(path.stem, path) for path in sorted(folder.glob(f"*{ENDING}"), key=lambda path: path.stem)]


def find_recipe(name: str) -> RecipeFile:
    """The recipe of this name.

    Raises:
        ConfigError: There is none.
    """
    recipes = {recipe.name: recipe for recipe in list_recipes()}
    return recipes.get(name) or _refuse(Path(name), "there is no recipe of this name", recipes)


def locate(path: Path) -> Path:
    """The file that is meant: the one at `path`, or where there is none, the recipe that `path` is the name of.

    Raises:
        ConfigError: There is neither.
    """
    if _is_readable(path):
        return path
    if _is_readable(path / "config.yaml"):
        raise ConfigError(f"a folder.{did_you_mean((path / 'config.yaml').as_posix())}", path)
    recipes = {recipe.name: recipe.path for recipe in list_recipes()}
    if str(path) == path.stem:  # neither a folder nor an ending
        return recipes.get(path.name) or _refuse(path, "there is no such file, and no recipe of this name", recipes)
    if path.stem in recipes:
        return _refuse(path, "there is no such file", recipes)
    return path


def _is_readable(path: Path) -> bool:
    """Whether there is a file, or a pipe; a folder is not read."""
    try:
        return path.exists() and not path.is_dir()
    except OSError:  # such as a name that is too long
        return False


def _refuse(path: Path, reason: str, recipes: Iterable[str]) -> NoReturn:
    """Name the recipe that was probably meant, and all others."""
    hint = did_you_mean(find_nearest(path.stem, recipes))
    raise ConfigError(f"{reason}.{hint} Recipes: {', '.join(recipes)}", path)
