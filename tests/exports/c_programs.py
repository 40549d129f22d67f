"""What cc makes of exported C: one library of many networks, and programs that stop at the first fault of memory."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
SANITIZERS = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

needs_cc = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")


def cc(folder: Path, *arguments: str) -> None:
    done = subprocess.run(["cc", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:5000]
    assert done.stderr == ""


@dataclass(frozen=True)
class Library:
    """Networks by name, each from a file of its own."""

    library: ctypes.CDLL
    numbers: Mapping[str, int]

    def predict(self, name: str, images: np.ndarray, like: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The outputs, of the shape and dtype of `like`, and the classes."""
        outputs, function = np.empty_like(like), self.library[f"predict_{self.numbers[name]}"]
        images = np.ascontiguousarray(images)
        labels = [
            function(image.ctypes.data_as(ctypes.c_void_p), row.ctypes.data_as(ctypes.c_void_p))
            for image, row in zip(images, outputs, strict=True)
        ]
        return outputs, np.array(labels)

    def class_names(self, name: str, count: int) -> list[str]:
        table = (ctypes.c_char_p * count).in_dll(self.library, f"names_{self.numbers[name]}")
        return [(each or b"").decode() for each in table]


def build_library(sources: Mapping[str, bytes], folder: Path) -> Library:
    """Compile all at once, without their programs; each has names of its own."""
    numbers = {name: number for number, name in enumerate(sources)}
    for name, source in sources.items():
        (folder / f"network_{numbers[name]}.c").write_bytes(source)
        (folder / f"{numbers[name]}.c").write_text(
            f"#define nnfang_predict predict_{numbers[name]}\n#define nnfang_class_names names_{numbers[name]}\n"
            f'#define NNFANG_NO_MAIN\n#include "network_{numbers[name]}.c"\n'
        )
    files = [f"{number}.c" for number in numbers.values()]
    cc(folder, *STRICT, "-O1", "-shared", "-fPIC", *files, "-lm", "-o", "library.so")
    return Library(ctypes.CDLL(str(folder / "library.so")), numbers)


@dataclass(frozen=True)
class Program:
    """An exported program, in a folder where its files are."""

    path: Path

    def __call__(self, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        """Its exit code, stdout and stderr."""
        done = subprocess.run(
            [self.path, *arguments], cwd=self.path.parent, input=stdin, capture_output=True, check=False
        )
        assert b"Sanitizer" not in done.stderr, done.stderr.decode()
        assert b"runtime error" not in done.stderr, done.stderr.decode()
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def write(self, name: str, content: bytes) -> str:
        (self.path.parent / name).write_bytes(content)
        return name


def build_program(source: bytes, folder: Path, *, sanitized: bool = True) -> Program:
    """Compile a program; with sanitizers, where cc has them."""
    if sanitized and not has_sanitizers():
        pytest.skip("cc has no sanitizers")
    (folder / "program.c").write_bytes(source)
    cc(folder, *STRICT, *(SANITIZERS if sanitized else ()), "program.c", "-lm", "-o", "program")
    return Program(folder / "program")


@cache
def has_sanitizers() -> bool:
    with TemporaryDirectory() as folder:
        (Path(folder) / "empty.c").write_text("int main(void) { return 0; }\n")
        command = ["cc", *SANITIZERS, "empty.c", "-o", "empty"]
        return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0
