"""The parts of an exported file that depend on the network, but for its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnfang.core.layers import Dense
from nnfang.exports.c_file.literals import write_comment, write_string
from nnfang.exports.c_file.numbers import TYPES
from nnfang.exports.c_file.source import read, select
from nnfang.exports.facts import describe, format_lines
from nnfang.exports.int8 import LARGEST
from nnfang.exports.vectors import COUNT, PICTURE_AXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nnfang.exports.c_file.numbers import Numbers
    from nnfang.exports.int8 import Int8
    from nnfang.runs.checkpoint import Checkpoint

USAGE = """A trained neural network in C99, which needs nothing but the standard library.

    cc -std=c99 -O2 FILE.c -lm -o PROGRAM
    ./PROGRAM {argument} ...   say what each is; without arguments, how to use it
    ./PROGRAM --test{space}   check the network with {count} test vectors

    cc -std=c99 -O2 -c -DNNFANG_NO_MAIN FILE.c   for a program of your own, which declares:
    {prototype};
"""

PREDICT = """/* Algorithm 2 of Adrian Fang's paper "The Fascinating Maths Behind Neural Networks", the forward process.

   {given}
   {outputs}: receives an output for each class, {meaning}.

   Returns the class with the largest of them, counted from 0. Nothing is kept between calls: threads may share it. */
"""

GIVEN = {
    True: "pixels: an image as the network was trained on, row by row: bytes, which are divided by 255.",
    False: "features: numbers as the network was trained on; what was bytes there must be divided by 255 before.",
}
"""What goes in, by whether that is an image."""

MEANING = {
    "probabilities": "a probability; they add up to 1",
    "scores": "a score, which is no probability: the largest wins",
}
"""What comes out."""

LARGEST_BYTE = 255
BITS = 32
"""Of a sum of integers, unless it may be too large."""


@dataclass(frozen=True)
class Layout:
    """Writes the parts of a file.

    Attributes:
        checkpoint: What is exported.
        int8: Its rounded weights, if they are to be written.
    """

    checkpoint: Checkpoint
    int8: Int8 | None

    @property
    def _shape(self) -> tuple[int, ...]:
        return self.checkpoint.meta.input_shape

    @property
    def _is_picture(self) -> bool:
        return len(self._shape) == PICTURE_AXES

    @property
    def _layers(self) -> list[Dense]:
        return [layer for layer in self.checkpoint.network.layers if isinstance(layer, Dense)]

    @property
    def _units(self) -> tuple[int, ...]:
        return self.checkpoint.network.units

    @property
    def _real(self) -> str:
        return TYPES[self.checkpoint.network.dtype.name]

    @property
    def _outputs(self) -> str:
        return "probabilities" if self.checkpoint.network.output_activation == "softmax" else "scores"

    @property
    def _prototype(self) -> str:
        given = "const unsigned char pixels" if self._is_picture else f"const {self._real} features"
        return f"int nnfang_predict({given}[{self._units[0]}], {self._real} {self._outputs}[{self._units[-1]}])"

    @property
    def _has_sums(self) -> bool:
        """Whether sums of integers are computed."""
        return self._is_picture and self.int8 is not None

    @property
    def _bits(self) -> int:
        """Of such a sum."""
        return BITS if self._largest_sum < 2 ** (BITS - 1) else 2 * BITS

    @property
    def _largest_sum(self) -> int:
        return self._units[0] * LARGEST * LARGEST_BYTE

    def head(self, parameters: Iterable[Numbers]) -> str:
        """The first comment: how to use the file, and what is known of the network."""
        argument = "IMAGE.pgm" if self._is_picture else "TABLE.csv"
        space = " " * (len(argument) + len(" ...") - len("--test"))
        usage = USAGE.format(argument=argument, space=space, count=COUNT, prototype=self._prototype)
        facts = [*describe(self.checkpoint), *self._facts(parameters)]
        lines = [*usage.splitlines(), "", *map(write_comment, format_lines(facts))]
        return "/* " + "\n".join(f"   {line}".rstrip() for line in lines).lstrip() + " */\n"

    def _facts(self, parameters: Iterable[Numbers]) -> Iterator[tuple[str, str]]:
        if self._is_picture:
            height, width = self._shape
            preparation = self.checkpoint.meta.preparation
            yield "images", f"{width} x {height} bytes from 0 to 255, prepared as nnfang does: {preparation}"
        for change in self.int8.changes if self.int8 else ():
            yield "int8", f"{change}"
        flash = sum(numbers.array.nbytes for numbers in parameters)
        size = self.checkpoint.network.dtype.itemsize
        stack = size * sum(self._units[1:-1]) + (self._units[1] * self._bits // 8 if self._has_sums else 0)
        yield "memory", f"{flash:,} bytes of constants, such as flash; {stack:,} bytes of the stack for activations"
        yield "license", "MIT, (c) 2026 the nnfang developers: the code"

    def interface(self) -> str:
        """What a program of one's own may know."""
        size = {"WIDTH": self._shape[1], "HEIGHT": self._shape[0]} if self._is_picture else {}
        is_probability = int(self._outputs == "probabilities")
        values = {**size, "INPUTS": self._units[0], "CLASSES": self._units[-1], "IS_PROBABILITY": is_probability}
        return (
            "#include <math.h>\n#include <stddef.h>\n#include <stdint.h>\n\n"
            + "".join(f"#define NNFANG_{name} {value}\n" for name, value in values.items())
            + f"\n{self._prototype};\n"
            + "extern const char *const nnfang_class_names[NNFANG_CLASSES]; /* in UTF-8 */\n"
        )

    def equations(self) -> str:
        """The functions that the forward process calls."""
        power = self._bits - 1
        values = {"inputs": self._units[0], "bound": f"{self._largest_sum:,}", "power": power, "bits": self._bits}
        text = read("equations", {name: str(value) for name, value in values.items()}, self._dtype)
        return select(text, self.predict()) + "\n"

    @property
    def _dtype(self) -> str:
        return self.checkpoint.network.dtype.name

    def predict(self) -> str:
        """The function that is all that matters."""
        comment = PREDICT.format(given=GIVEN[self._is_picture], outputs=self._outputs, meaning=MEANING[self._outputs])
        hidden = [f"a{i}[{units}]" for i, units in enumerate(self._units[1:-1], 1)]
        arrays = [f"    {self._real} {', '.join(hidden)};\n"] if hidden else []
        if self._has_sums:
            arrays.append(f"    int{self._bits}_t sums[{self._units[1]}];\n")
        gap = "\n" if arrays else ""
        return f"{comment}{self._prototype}\n{{\n{''.join(arrays)}{gap}{self._steps()}}}\n"

    def _steps(self) -> str:
        """Algorithm 2, a layer after another."""
        text, a = "", "pixels" if self._is_picture else "features"
        for i, layer in enumerate(self._layers, 1):
            z = f"a{i}" if i < len(self._layers) else self._outputs
            p, n = self._units[i - 1 : i + 1]
            function = "affine" + ("_pixels" if a == "pixels" else "") + ("_int8" if self.int8 else "")
            weights = f"q{i}, s{i}, b{i}" if self.int8 else f"W{i}, b{i}"
            sums = "sums, " if function == "affine_pixels_int8" else ""
            text += f"    {function}({p}, {n}, {weights}, {a}, {sums}{z});\n"
            text += "    /* a = z */\n" if layer.activation == "linear" else f"    Q_{layer.activation}({n}, {z});\n"
            a = z
        return f"{text}    return find_largest({self._units[-1]}, {self._outputs});\n"

    def program(self) -> str:
        """What the file does as a program."""
        size = "NNFANG_WIDTH, NNFANG_HEIGHT" if self._is_picture else "NNFANG_INPUTS"
        names = ("terminal", "pictures" if self._is_picture else "rows", "program")
        return "\n".join(read(name, {"size": size}, self._dtype) for name in names)

    def class_names(self) -> str:
        """What the classes are called."""
        names = "".join(f"    {write_string(name)},\n" for name in self.checkpoint.class_names)
        title = "/* Control characters in a name are written out, such as a line break as \\n */\n"
        return f"{title}const char *const nnfang_class_names[NNFANG_CLASSES] = {{\n{names}}};\n"
