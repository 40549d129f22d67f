"""What people take away: a trained network as a file for other programs, or for no program at all.

Each format is a module with one function, ``encode(checkpoint, settings) -> bytes``, and a line in `FORMATS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from nnfang.errors import ConfigError, NnfangError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.exports.int8 import Int8
    from nnfang.runs.checkpoint import Checkpoint


@dataclass(frozen=True)
class Settings:
    """What may be chosen about a file; each format knows some of it, see `Format.settings`.

    Attributes:
        learn: Images to learn from, which a page then holds.
        floats: Whether images are floats from 0 to 1 in place of bytes from 0 to 255.
        int8: Weights rounded to 8 bits, which take the place of the others; see `nnfang.exports.int8.round_weights`.
    """

    learn: Dataset | None = None
    floats: bool = False
    int8: Int8 | None = None


@dataclass(frozen=True)
class Format:
    """A format that a network can be exported to.

    Attributes:
        module: Of `nnfang.exports`; imported when it is needed.
        description: What the file is, in a few words.
        settings: The names of the `Settings` that only some formats know, and this one does.
        library: The import name of a package that writing it needs, which is named after its extra; "" for none.
    """

    module: str
    description: str
    settings: tuple[str, ...] = ()
    library: str = ""


FORMATS = {
    "npz": Format("checkpoint", "for nnfang itself"),
    "html": Format("page", "a web page to draw on", settings=("learn",)),
    "onnx": Format("onnx_graph", "for ONNX runtimes", settings=("floats",), library="onnx"),
    "safetensors": Format("tensors", "for PyTorch", library="safetensors"),
    "py": Format("python_file", "one Python file that needs only NumPy"),
    "c": Format("c_file", "one file of C99 that needs nothing else", settings=("int8",)),
}
"""The formats by the endings of their files."""


def find_format(file: Path, name: str | None = None) -> str:
    """The format that the ending of a file asks for.

    Args:
        file: What will be written.
        name: A format for a name without an ending.

    Raises:
        ConfigError: The ending is unknown, is that of another format than `name`, or there is neither.
    """
    ending = file.suffix.lower().removeprefix(".")
    allowed = ", ".join(f".{known}" for known in FORMATS)
    if name is None:
        if ending not in FORMATS:
            found = f'unknown ending "{file.suffix}"' if ending else "the name has no ending"
            raise ConfigError(f"{found}; the ending tells the format: {allowed}", file)
        return ending
    if ending in FORMATS and ending != name:
        raise ConfigError(f"the ending is that of another format than {name}", file)
    return name


def check_settings(name: str, chosen: Mapping[str, bool], file: Path) -> None:
    """Refuse a choice that a format does not have.

    Args:
        name: The format, a key of `FORMATS`.
        chosen: Names of `Settings`, and whether they were chosen.
        file: What will be written.

    Raises:
        ConfigError: One was chosen, and is none of this format.
    """
    for setting in (setting for setting, is_chosen in chosen.items() if is_chosen):
        if setting not in FORMATS[name].settings:
            known = ", ".join(f".{ending}" for ending, other in FORMATS.items() if setting in other.settings)
            raise ConfigError(f"--{setting} is for {known} alone", file)


def encode(checkpoint: Checkpoint, name: str, settings: Settings) -> bytes:
    """The content of a file of a format.

    Args:
        checkpoint: What is exported; see `Checkpoint.for_inference`.
        name: The format, a key of `FORMATS`.
        settings: What was chosen about it.

    Raises:
        NnfangError: The format cannot express this network, or a library that it needs is not installed.
    """
    chosen = FORMATS[name]
    try:
        module = import_module(f"nnfang.exports.{chosen.module}")
    except ModuleNotFoundError as error:
        if not chosen.library or (error.name or "").partition(".")[0] != chosen.library:
            raise
        raise NnfangError(f".{name} needs {chosen.library}: pip install 'nnfang[{chosen.library}]'") from error
    content: bytes = module.encode(checkpoint, settings)
    return content
