"""A YAML file, environment variables and command-line options -> Recipe, each value traced to where it was written.

Later sources override earlier ones: defaults, file, environment (``NNFANG_EPOCHS``,
``NNFANG_OPTIMIZER__LEARNING_RATE``), command line.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TextIO

from nnfang.config.keys import find_equivalent, list_keys
from nnfang.config.origins import Origin, Origins
from nnfang.config.paths import Tree, enclosing_paths, has_value, merge, set_value
from nnfang.config.schema import convert, to_tree
from nnfang.config.yaml_loader import parse_yaml, write_yaml
from nnfang.core.constraints import FieldError, format_value
from nnfang.errors import ConfigError
from nnfang.names import did_you_mean, find_nearest
from nnfang.training.recipe import Recipe

MAX_LENGTH = 1_000_000
PATH = r"[\w-]+(\[\d+\])*(\.[\w-]+(\[\d+\])*)*"

FILE, ENVIRONMENT, COMMAND_LINE = range(3)
"""The ranks of the sources."""

OTHER_VARIABLES = {"NNFANG_DATA_DIR", "NNFANG_DEBUG", "NNFANG_MIRROR", "NNFANG_OFFLINE"}
"""Environment variables that are not keys of a recipe."""


@dataclass(frozen=True)
class Override:
    """A value set outside the file.

    Attributes:
        path: Of the key, such as ``optimizer.learning_rate``.
        value: A tree.
        origin: What set it, as its user would write it.
    """

    path: str
    value: Tree
    origin: str


@dataclass(frozen=True)
class Config:
    """A recipe, and where each of its values was written.

    Attributes:
        recipe: What the sources say together.
        origins: Where the values were written.
        dropped: The paths of values that were written and do not count, since a later source names another type.
    """

    recipe: Recipe
    origins: Origins
    dropped: tuple[str, ...] = ()

    @property
    def dataset_was_named(self) -> bool:
        """Whether somebody asked for the data set, or it is the default."""
        return "dataset" in self.origins

    def is_default(self, path: str) -> bool:
        """Whether nobody has set the value at `path`, or what it is in."""
        return not any(place in self.origins for place in enclosing_paths(path) if place)

    def error(self, path: str, reason: str) -> ConfigError:
        """A failure that is the fault of the value at `path`."""
        return self.origins.error(path, reason)


def load(
    source: Path | TextIO | None,
    overrides: Sequence[Override],
    environ: Mapping[str, str],
    base: Recipe | None = None,
) -> Config:
    """Read, merge and check.

    Args:
        source: A YAML file, an open stream (standard input), or None for the defaults.
        overrides: From the command line.
        environ: Environment variables; those that begin with ``NNFANG_`` count.
        base: What all of these override; None means the defaults.

    Raises:
        ConfigError: Everything that is wrong, one line per fault: where, what was found, what is allowed.
    """
    origins = Origins()
    tree = to_tree(base or Recipe())
    from_environment = list(read_environment(environ, origins))
    if source is not None:
        tree = merge(tree, read_file(source, origins))
    for rank, level in ((ENVIRONMENT, from_environment), (COMMAND_LINE, overrides)):
        # A new type discards the old type's settings, so it comes first however the options were ordered.
        for override in sorted(level, key=lambda override: not override.path.endswith("type")):
            tree = apply(tree, override, Origin(rank, 0, override.origin), origins)
    recipe, faults = convert(Recipe, tree)
    for fault in faults:
        origins.add_fault(fault.path, fault.reason)
    origins.raise_faults()
    return Config(recipe, origins, tuple(path for path in origins if not has_value(tree, path)))


def apply(tree: Tree, override: Override, origin: Origin, origins: Origins) -> Tree:
    """The tree with the override's value in it; or without, and with a fault, if it leads nowhere."""
    try:
        changed = set_value(tree, override.path, override.value)
    except FieldError as error:
        origins.add_fault(error.path, error.reason, origin)
        return tree
    origins.replace(override.path, origin)
    return changed


def parse_override(text: str) -> Override:
    """A setting such as ``optimizer.learning_rate=0.05``, the value written as YAML.

    Raises:
        ConfigError: There is no ``=``, or the value is not YAML.
    """
    path, equals, value = text.partition("=")
    origin = Origin(COMMAND_LINE, 0, f"--set {' '.join(text.split())}")
    if not equals or not re.fullmatch(PATH, path.strip()):
        reason = "expected KEY=VALUE, such as optimizer.learning_rate=0.05 or layers[0].units=64"
        raise ConfigError(reason, origin=origin.source)
    return _parse_value(path.strip(), value, origin)


def parse_overrides(texts: Iterable[str]) -> list[Override]:
    """Several settings.

    Raises:
        ConfigError: All that is wrong with them.
    """
    overrides: list[Override] = []
    faults: list[ConfigError] = []
    for text in texts:
        try:
            overrides.append(parse_override(text))
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError.combine(faults)
    return overrides


def read_environment(environ: Mapping[str, str], origins: Origins) -> Iterator[Override]:
    """``NNFANG_OPTIMIZER__LEARNING_RATE`` sets optimizer.learning_rate, and so on; `origins` receives the faults."""
    for name, text in environ.items():
        if name.startswith("NNFANG_") and name not in OTHER_VARIABLES and text:  # many a CI sets variables to nothing
            origin = Origin(ENVIRONMENT, 0, f"environment variable {name}")
            try:
                yield parse_variable(name, text, origin)
            except ConfigError as error:
                origins.add_error(error, origin)


def parse_variable(name: str, text: str, origin: Origin) -> Override:
    """What an environment variable sets.

    Raises:
        ConfigError: The variable is not that of a key (a misspelt one must not go unnoticed), or not YAML.
    """
    keys = [field.name for field in fields(Recipe)]
    bare = name.removeprefix("NNFANG_")
    path = bare.lower().replace("__", ".")
    if path.split(".")[0] not in keys or not re.fullmatch(PATH, path):
        names = [name_variable(key) for key in keys] + sorted(OTHER_VARIABLES)
        inner = [name_variable(key.path) for key in list_keys(Recipe) if "[" not in key.path]
        known = {other.removeprefix("NNFANG_"): other for other in (*inner, *names)}
        key = find_equivalent(path, "", keys, Recipe)
        meant = known.get(find_nearest(bare, known) or "") if key is None or "[" in key else name_variable(key)
        reason = "there is no such setting." + (did_you_mean(meant) or f" Allowed: {', '.join(names)}")
        raise ConfigError(reason, origin=origin.source)
    return _parse_value(path, text, origin)


def name_variable(path: str) -> str:
    """The environment variable that sets the key at `path`."""
    return f"NNFANG_{path.upper().replace('.', '__')}"


def _parse_value(path: str, text: str, origin: Origin) -> Override:
    """The override of a value that is written as YAML."""
    origins = Origins()
    value = parse_yaml(text, origin, origins, path)
    origins.raise_faults()
    return Override(path, value, origin.source)


def read_file(source: Path | TextIO, origins: Origins) -> Tree:
    """The tree in a YAML file or stream; `origins` receives the line of each value, and its faults.

    Raises:
        ConfigError: It cannot be read, or is not YAML.
    """
    whole = Origin(FILE, 0, str(source) if isinstance(source, Path) else "standard input")
    try:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as file:
            content = file.read(MAX_LENGTH + 1)
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise origins.failure("there is no such file", whole) from error
    except OSError as error:
        raise origins.failure(f"cannot be read: {error.strerror}", whole) from error
    except UnicodeDecodeError as error:
        raise origins.failure(f"not UTF-8 text (byte {error.start})", whole) from error
    if len(content) > MAX_LENGTH:
        raise origins.failure(f"longer than {MAX_LENGTH:,} characters, which no config needs", whole)
    tree = parse_yaml(text, whole, origins)
    if not isinstance(tree, dict | None):
        raise origins.failure(f"found {format_value(tree)}, expected a mapping such as epochs: 20", whole)
    return tree or {}


def to_yaml(recipe: Recipe) -> str:
    """A recipe as a YAML file that loads to the same recipe."""
    return write_yaml(to_tree(recipe))
