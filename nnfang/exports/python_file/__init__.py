"""``.py``: the network and the program that uses it in one file, which needs only NumPy, and Pillow for pictures.

The equations come first, then the preparation of pictures, from the very sources of nnfang, then the program; the
weights are at the end. What strangers may have chosen, such as the names of classes, stands in comments without control
characters, and in literals that `repr` wrote.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nnfang.core.layers import Dense
from nnfang.exports.facts import describe, format_lines
from nnfang.exports.python_file.bundling import Bundle, Name, bundle
from nnfang.exports.vectors import make_vectors

if TYPE_CHECKING:
    from nnfang.exports import Settings
    from nnfang.runs.checkpoint import Checkpoint

PROGRAM = "nnfang.exports.python_file.program"
EQUATIONS = f"{PROGRAM}.equations"
PREPARATION = "nnfang.images.preparation"

LINE = 120
"""Characters of a line."""

USAGE = """    python FILE {argument}    say what each is; without arguments, how to use it
    python FILE --test{space}    check the network with ten test vectors

    import FILE
    FILE.predict(images)    probabilities or scores, (m, ...) -> (m, classes)
"""

MISSING_PILLOW = '''
try:
    {imports}
except ModuleNotFoundError:  # `predict` does without

    class MissingPillow:
        """Stands for all that Pillow would provide."""

        def __getattr__(self, name: str) -> "MissingPillow":
            return self

    {names} = (MissingPillow(),) * {count}
    HAS_PILLOW = False
else:
    HAS_PILLOW = True
'''

END = """
if __name__ == "__main__":
    raise SystemExit(main())
"""


def encode(checkpoint: Checkpoint, settings: Settings) -> bytes:
    """The source of the file, in UTF-8."""
    is_picture = len(checkpoint.meta.input_shape) == 2  # noqa: PLR2004 - height and width
    program = f"{PROGRAM}.{'pictures' if is_picture else 'rows'}"
    names = ["forward", *dict.fromkeys(_activations(checkpoint)), "predict", "split_layers"]
    bundled = bundle([*((EQUATIONS, name) for name in names), (program, "main")], _preparations(checkpoint))
    parts = [
        _head(checkpoint, is_picture=is_picture),
        _imports(bundled),
        _constants(checkpoint),
        *(_section(name, docstring, source) for name, docstring, source in bundled.sections()),
        _numbers(checkpoint),
        END,
    ]
    return "\n".join(parts).encode()


def _activations(checkpoint: Checkpoint) -> Iterator[str]:
    return (layer.activation for layer in checkpoint.network.layers if isinstance(layer, Dense))


def _preparations(checkpoint: Checkpoint) -> dict[Name, str]:
    """Of the ways to prepare pictures, the one that is needed."""
    name = checkpoint.meta.preparation
    return {(PREPARATION, "PREPARATIONS"): f'PREPARATIONS = {{"{name}": prepare_{name}}}'}


def _head(checkpoint: Checkpoint, *, is_picture: bool) -> str:
    """The docstring, and what is known of the network."""
    argument = "PICTURE ..." if is_picture else "TABLE.csv ..."
    usage = USAGE.format(argument=argument, space=" " * (len(argument) - len("--test")))
    needs = "Python 3.11, NumPy 2" + (", and for pictures Pillow 10.3; or newer ones" if is_picture else "; or newer")
    facts = [*describe(checkpoint), ("needs", needs), ("license", "MIT, (c) 2026 the nnfang developers: the code")]
    lines = "\n".join(f"# {line}" for line in format_lines(facts))
    return f'#!/usr/bin/env python3\n"""A trained neural network in one file.\n\n{usage}"""\n\n{lines}\n'


def _imports(bundled: Bundle) -> str:
    """All imports: of the standard library, of NumPy, and of Pillow, if that is installed."""
    foreign = bundled.foreign
    pillow = sorted(name for name, statement in foreign.items() if statement.startswith("from PIL"))
    others = {statement for name, statement in foreign.items() if name not in pillow}
    numpy = sorted(statement for statement in others if "numpy" in statement)
    text = "\n".join(sorted(others - set(numpy), key=_import_key)) + "\n\n" + "\n".join(numpy) + "\n"
    if pillow:
        imports = "\n    ".join(sorted({foreign[name] for name in pillow}))
        text += MISSING_PILLOW.format(imports=imports, names=", ".join(pillow), count=len(pillow))
    return text


def _import_key(statement: str) -> tuple[bool, str]:
    return statement.startswith("from "), statement


def _constants(checkpoint: Checkpoint) -> str:
    meta, network = checkpoint.meta, checkpoint.network
    return (
        f"CLASS_NAMES = (\n{_literal_lines(meta.class_names)})\n"
        f"INPUT_SHAPE = {meta.input_shape!r}\n"
        f'PREPARATION = "{meta.preparation}"\n'
        f"DTYPE = np.{network.dtype}\n"
        f"IS_PROBABILITY = {network.output_activation == 'softmax'}  # whether the outputs are; otherwise scores\n"
        f'DIGEST = "{network.digest()}"\n'
    )


def _literal_lines(names: Iterable[str]) -> str:
    return "".join(f"    {name!r},\n" for name in names)


def _section(name: str, docstring: str, source: str) -> str:
    """What is needed of a module."""
    about = "\n".join(f"# {line}".rstrip() for line in docstring.splitlines())
    return f"\n# {'-' * (LINE - 2)}\n# {name.replace('.', '/')}.py\n#\n{about}\n\n\n{source}\n"


def _numbers(checkpoint: Checkpoint) -> str:
    """The layers, their weights, and the test vectors."""
    network = checkpoint.network
    vectors = make_vectors(checkpoint.meta.input_shape)
    expected = checkpoint.predict(vectors)
    widths = network.units[1:]
    layers = "".join(f"    ({n}, {Q}),\n" for n, Q in zip(widths, _activations(checkpoint), strict=True))
    return "\n".join(
        [
            f"\n# {'-' * (LINE - 2)}\n# Numbers: the units and the activation of each layer, and their weights\n",
            f"UNITS = (\n{layers})\n",
            f'WEIGHTS = """\n{_base64(network.theta)}\n"""\n',
            "LAYERS = split_layers(read_numbers(WEIGHTS, DTYPE))\n",
            "# Inputs that were made up, and what nnfang predicts for them\n",
            f"VECTORS_DTYPE = np.{vectors.dtype}",
            f'TEST_VECTORS = """\n{_base64(vectors)}\n"""\n',
            f'EXPECTED = """\n{_base64(expected)}\n"""\n',
        ]
    )


def _base64(array: npt.NDArray[Any]) -> str:
    """The numbers of an array, little-endian, in lines of text."""
    little_endian = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return "\n".join(wrap(b64encode(little_endian.tobytes()).decode(), LINE))
