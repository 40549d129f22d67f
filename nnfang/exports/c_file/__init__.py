"""``.c``: the network and a program that uses it in one file of C99, which needs nothing but the standard library.

The equations come first, then the program, which a macro leaves out; the weights are at the end. What strangers may
have chosen, such as the names of classes, stands in comments that it cannot end, and in strings that it cannot leave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnfang.errors import NnfangError
from nnfang.exports.c_file.layout import Layout
from nnfang.exports.c_file.literals import LINE, write_array
from nnfang.exports.c_file.numbers import Numbers, list_parameters, list_vectors
from nnfang.exports.vectors import COUNT

if TYPE_CHECKING:
    from nnfang.exports import Settings
    from nnfang.runs.checkpoint import Checkpoint

EQUATIONS = """The equations, in the paper's letters

   W (n, p), b (n), z and a (n) belong to a layer of n units after p others; x is the input, Q an activation. Dropout
   layers do nothing but while training."""

INCLUDES = """#include <errno.h>
#include <float.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif
"""


def encode(checkpoint: Checkpoint, settings: Settings) -> bytes:
    """The source of the file, in UTF-8.

    Raises:
        NnfangError: A weight is infinite or not a number.
    """
    if not np.isfinite(checkpoint.network.theta).all():
        raise NnfangError("one of its weights is infinite or not a number")
    layout = Layout(checkpoint, settings.int8)
    parameters, vectors = list_parameters(checkpoint, settings.int8), list_vectors(checkpoint, settings.int8)
    parts = [
        layout.head(parameters),
        layout.interface(),
        *(f"{each.declaration};" for each in parameters),
        _ruler(EQUATIONS),
        layout.equations(),
        layout.predict(),
        f"#ifndef NNFANG_NO_MAIN\n{_ruler('The program')}",
        INCLUDES,
        f"#define NNFANG_TEST_VECTORS {COUNT}\n",
        *(f"{each.declaration};" for each in vectors),
        f"\n{layout.program()}\n#endif",
        _ruler("The numbers"),
        layout.class_names(),
        *map(_define, parameters),
        "#ifndef NNFANG_NO_MAIN\n",
        *map(_define, vectors),
        "#endif\n",
    ]
    return "\n".join(parts).encode()


def _ruler(title: str) -> str:
    return f"\n/* {'-' * (LINE - 6)}\n   {title} */\n"


def _define(numbers: Numbers) -> str:
    lines = "\n".join(write_array(numbers.array))
    return f"/* {numbers.title} */\n{numbers.declaration} = {{\n{lines}\n}};\n"
