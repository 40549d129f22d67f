"""The folder of a sweep, and what is in it.

======================  ==============================================================
sweep.yaml              the recipe, and the keys that vary, ready for ``nnfang sweep``
001, 002 …              a run for each training
results.csv             one line per training
best.yaml               the recipe of the winner, ready for ``nnfang train -c``
report.html             all of it to look at, if that was asked for
======================  ==============================================================
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from nnfang.config.origins import Origin, Origins
from nnfang.config.recipes import locate
from nnfang.config.schema import to_tree
from nnfang.config.sources import FILE, MAX_LENGTH, Override
from nnfang.config.sources import load as load_config
from nnfang.config.yaml_loader import parse_yaml, write_yaml
from nnfang.errors import ConfigError, NnfangError
from nnfang.files import make_folder, write_whole
from nnfang.runs.lock import lock_folder
from nnfang.runs.sweeps.plan import Plan, make_axis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.runs.sweeps.plan import Point
    from nnfang.training.recipe import Recipe

SWEEPS = Path("sweeps")
SPECIFICATION = "sweep.yaml"
RESULTS, BEST, REPORT = "results.csv", "best.yaml", "report.html"

AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
AtLeastTwo = Annotated[int, msgspec.Meta(ge=2)]


class Specification(msgspec.Struct, forbid_unknown_fields=True):
    """A sweep as YAML has it.

    Attributes:
        recipe: The name of a recipe, the path of one, or its keys; by default the paper's.
        grid: The values of each key that varies.
        random: See `Plan`.
        halving: See `Plan`.
    """

    recipe: str | dict[str, Any] = {}
    grid: dict[str, list[Any] | str | int | float | bool] = {}
    random: AtLeastOne | None = None
    halving: AtLeastTwo | None = None


@dataclass(frozen=True)
class SweepFolder:
    """The files of one sweep."""

    path: Path

    @property
    def specification(self) -> Path:
        """The recipe, and the keys that vary."""
        return self.path / SPECIFICATION

    @property
    def results(self) -> Path:
        """A line per training."""
        return self.path / RESULTS

    @property
    def best(self) -> Path:
        """The recipe of the winner."""
        return self.path / BEST

    @property
    def report(self) -> Path:
        """The page that shows it."""
        return self.path / REPORT

    def run(self, point: Point) -> Path:
        """The folder of a training."""
        return self.path / f"{point.number:03d}"

    @contextmanager
    def open(self, plan: Plan) -> Iterator[None]:
        """Begin a sweep here, or go on with the same one; no other process does so meanwhile.

        Raises:
            ConfigError: The folder holds another sweep, or something else.
            NnfangError: It cannot be created, or another process trains into it.
        """
        if self.specification.exists():
            if read_plan(self.specification) != plan:
                raise ConfigError("holds a sweep of something else; choose another folder with -o", self.path)
        elif self.path.exists() and any(self.path.iterdir()):
            raise ConfigError("is not empty, and holds no sweep; choose another folder with -o", self.path)
        try:
            make_folder(self.path)
        except OSError as error:
            raise NnfangError(f"cannot be created: {error.strerror}", self.path) from error
        with lock_folder(self.path):
            if not self.specification.exists():
                write_whole(self.specification, lambda file: file.write(to_yaml(plan).encode()))
            yield


def is_sweep(path: Path) -> bool:
    """Whether a folder holds a sweep."""
    return (path / SPECIFICATION).is_file()


def to_yaml(plan: Plan) -> str:
    """A sweep as a YAML file that `read_plan` reads."""
    tree: dict[str, Any] = {
        "recipe": to_tree(plan.recipe),
        "grid": {axis.path: list(axis.values) for axis in plan.axes},
        "random": plan.random,
        "halving": plan.halving,
    }
    return write_yaml({key: value for key, value in tree.items() if value is not None})


def read_plan(path: Path) -> Plan:
    """Read the YAML of a sweep.

    Raises:
        ConfigError: It cannot be read, or something in it is not allowed.
    """
    origins, whole = Origins(), Origin(FILE, 0, str(path))
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MAX_LENGTH + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {getattr(error, 'strerror', None) or error}", path) from error
    if len(text) > MAX_LENGTH:
        raise ConfigError(f"longer than {MAX_LENGTH:,} characters, which no sweep needs", path)
    tree = parse_yaml(text, whole, origins)
    origins.raise_faults()
    try:
        found = msgspec.convert(tree or {}, Specification)
    except msgspec.ValidationError as error:
        raise ConfigError(str(error), path) from error
    axes = (
        make_axis(key, values if isinstance(values, list) else [values], f"{path}, grid.{key}")
        for key, values in found.grid.items()
    )
    return Plan(_read_recipe(found.recipe, path), tuple(axes), found.random, found.halving)


def _read_recipe(tree: str | dict[str, Any], path: Path) -> Recipe:
    if isinstance(tree, str):
        beside = path.parent / tree
        return load_config(beside if beside.is_file() else locate(Path(tree)), [], {}).recipe
    overrides = [Override(key, value, f"{path}, recipe") for key, value in tree.items()]
    return load_config(None, overrides, {}).recipe
