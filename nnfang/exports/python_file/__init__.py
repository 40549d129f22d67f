"""``.py``: the network and the program that uses it in one file, which needs only NumPy, and Pillow for pictures.

It is read from the top: the equations come first, then the preparation of pictures, from the very sources of nnfang,
then the program; the weights are at the end. What strangers may have chosen, such as the names of classes, stands in
comments without control characters, and in literals that `repr` wrote.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from textwrap import indent, wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nnfang.core.layers import Dense
from nnfang.errors import NnfangError
from nnfang.exports.facts import describe, format_lines
from nnfang.exports.python_file.bundling import Bundle, bundle
from nnfang.exports.python_file.sources import Name, path_of, read_module
from nnfang.exports.vectors import make_vectors

if TYPE_CHECKING:
    from nnfang.exports import Settings
    from nnfang.runs.checkpoint import Checkpoint

PROGRAM = "nnfang.exports.python_file.program"
EQUATIONS = f"{PROGRAM}.equations"
IMAGES = "nnfang.images"
PREPARATION = f"{IMAGES}.preparation"

LINE = 120
"""Characters of a line."""

SHORT = 60
"""Characters of a tuple that stands in one line."""

RULE = f"# {'-' * (LINE - 2)}"

USAGE = """    python FILE {argument}    say what each is; without arguments, how to use it
    python FILE --test{space}    check the network with ten test vectors

    import FILE
    FILE.predict(images)    probabilities or scores, (m, ...) -> (m, classes)

Read it from the top: {contents}; the weights are at the end.
"""

PILLOW = '''
try:
{imports}
except ImportError:  # `predict` does without

    class MissingPillow:
        """Stands for all that Pillow would provide."""

        def __getattr__(self, name: str) -> "MissingPillow":
            return self

{stand_ins}
    HAS_PILLOW = False
else:
    HAS_PILLOW = True
'''

RUFF = "# ruff: noqa: BLE001 - decoders of pictures raise almost anything"

END = """
if __name__ == "__main__":
    raise SystemExit(main())
"""


def encode(checkpoint: Checkpoint, settings: Settings) -> bytes:
    """The source of the file, in UTF-8.

    Raises:
        NnfangError: Nobody knows how a picture is prepared for this network.
    """
    is_picture = len(checkpoint.meta.input_shape) == 2  # noqa: PLR2004 - height and width
    bundled = _bundle(checkpoint, is_picture=is_picture)
    parts = [_head(checkpoint, is_picture=is_picture), _imports(bundled), _constants(checkpoint, is_picture=is_picture)]
    for path, docstring, source in bundled.sections():
        parts.append(_section(path, docstring, source))
        if path == path_of(EQUATIONS):
            parts += [_layers(checkpoint), *([_pillow(bundled)] if is_picture else [])]
    return "\n".join([*parts, _numbers(checkpoint), END]).encode()


def _bundle(checkpoint: Checkpoint, *, is_picture: bool) -> Bundle:
    """The equations, then what prepares pictures, then the program."""
    names = ["forward", *dict.fromkeys(_activations(checkpoint)), "predict", "split_layers"]
    equations = [(EQUATIONS, name) for name in names]
    if not is_picture:
        return bundle([*equations, (f"{PROGRAM}.rows", "main")])
    return bundle([*equations, (IMAGES, "load_prepared"), (f"{PROGRAM}.pictures", "main")], _preparations(checkpoint))


def _activations(checkpoint: Checkpoint) -> Iterator[str]:
    return (layer.activation for layer in checkpoint.network.layers if isinstance(layer, Dense))


def _preparations(checkpoint: Checkpoint) -> dict[Name, str]:
    """Of the ways to prepare pictures, the one that is needed."""
    name = checkpoint.meta.preparation
    if f"prepare_{name}" not in read_module(PREPARATION).definitions:
        raise NnfangError(f'no preparation "{name}" of pictures')
    return {(PREPARATION, "PREPARATIONS"): f'PREPARATIONS = {{"{name}": prepare_{name}}}'}


def _head(checkpoint: Checkpoint, *, is_picture: bool) -> str:
    """The docstring, and what is known of the network."""
    argument = "PICTURE ..." if is_picture else "TABLE ..."
    contents = f"the equations,{' how a picture is prepared for them,' if is_picture else ''} the program"
    usage = USAGE.format(argument=argument, space=" " * (len(argument) - len("--test")), contents=contents)
    needs = "Python 3.11, NumPy 2" + (", and for pictures Pillow 10.3; or newer ones" if is_picture else "; or newer")
    facts = [*describe(checkpoint), ("needs", needs), ("license", "MIT, (c) 2026 the nnfang developers: the code")]
    lines = "\n".join(f"# {line}" for line in format_lines(facts))
    return f'"""A trained neural network in one file.\n\n{usage}"""\n\n{lines}\n'


def _imports(bundled: Bundle) -> str:
    """The imports from the standard library and NumPy."""
    others = {name: statement for name, statement in bundled.foreign.items() if not _is_of_pillow(statement)}
    numpy = {name: statement for name, statement in others.items() if statement.startswith("import numpy")}
    standard = _import_lines({name: statement for name, statement in others.items() if name not in numpy})
    return "\n".join([*standard, "", *_import_lines(numpy), ""])


def _pillow(bundled: Bundle) -> str:
    """The imports from Pillow, if that is installed."""
    foreign = {name: statement for name, statement in bundled.foreign.items() if _is_of_pillow(statement)}
    modules: dict[str, list[str]] = {}
    for name in sorted(foreign):
        modules.setdefault(foreign[name].split()[1], []).append(name)
    imports = "\n".join(_import_lines(foreign))
    stand_ins = "\n".join(f"{' = '.join(names)} = MissingPillow()" for _, names in sorted(modules.items()))
    pillow = PILLOW.format(imports=indent(imports, " " * 4), stand_ins=indent(stand_ins, " " * 4))
    return f"\n{RULE}\n# Pillow, if it is installed\n\n{RUFF}\n{pillow}"


def _is_of_pillow(statement: str) -> bool:
    return statement.split()[1].partition(".")[0] == "PIL"


def _import_lines(foreign: dict[str, str]) -> list[str]:
    """Imports as they are usually sorted, with one statement per module."""
    modules = sorted(statement for statement in foreign.values() if statement.startswith("import "))
    members: dict[str, list[str]] = {}
    for statement in foreign.values():
        source, _, member = statement.removeprefix("from ").partition(" import ")
        if member:
            members.setdefault(source, []).append(member)
    for source, names in sorted(members.items()):
        names.sort(key=lambda name: (not name.isupper(), name.islower(), name))
        modules.append(f"from {source} import {', '.join(names)}")
    return modules


def _constants(checkpoint: Checkpoint, *, is_picture: bool) -> str:
    meta, network = checkpoint.meta, checkpoint.network
    preparation = f'PREPARATION = "{meta.preparation}"\n' if is_picture else ""
    return (
        f"CLASS_NAMES = {_tuple(map(repr, meta.class_names))}\n"
        f"INPUT_SHAPE = {meta.input_shape!r}\n"
        f"{preparation}"
        f"DTYPE = np.{network.dtype}\n"
        f"IS_PROBABILITY = {network.output_activation == 'softmax'}  # whether the outputs are; otherwise scores\n"
        f'DIGEST = "{network.digest()}"\n'
    )


def _tuple(items: Iterable[str]) -> str:
    """A tuple of some literals, in one line where they fit into it."""
    literals = list(items)
    line = f"({', '.join(literals)}{',' * (len(literals) == 1)})"
    return line if len(line) < SHORT else "\n".join(["(", *(f"    {literal}," for literal in literals), ")"])


def _section(path: str, docstring: str, source: str) -> str:
    """What is needed of a module."""
    about = "\n".join(f"# {line}".rstrip() for line in docstring.splitlines())
    return f"\n{RULE}\n# {path}\n#\n{about}\n\n\n{source}\n"


def _layers(checkpoint: Checkpoint) -> str:
    """The units and the activation of each layer."""
    layers = (f"({n}, {Q})" for n, Q in zip(checkpoint.network.units[1:], _activations(checkpoint), strict=True))
    return f"\nUNITS = {_tuple(layers)}  # n and Q of each layer; their W and b are at the end\n"


def _numbers(checkpoint: Checkpoint) -> str:
    """The weights, and the test vectors."""
    vectors = make_vectors(checkpoint.meta.input_shape)
    return "\n".join(
        [
            f"\n{RULE}\n# Numbers\n",
            f'WEIGHTS = """\n{_base64(checkpoint.network.theta)}\n"""\n',
            "LAYERS = split_layers(read_numbers(WEIGHTS, DTYPE))\n",
            "# Inputs that were made up, and what nnfang predicts for them",
            f"VECTORS_DTYPE = np.{vectors.dtype}",
            f'TEST_VECTORS = """\n{_base64(vectors)}\n"""\n',
            f'EXPECTED = """\n{_base64(checkpoint.network.predict(vectors))}\n"""\n',
        ]
    )


def _base64(array: npt.NDArray[Any]) -> str:
    """The numbers of an array, little-endian, in lines of text."""
    little_endian = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return "\n".join(wrap(b64encode(little_endian.tobytes()).decode(), LINE))
