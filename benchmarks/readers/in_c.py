"""Readers that cc makes of an exported file."""

import ctypes
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from shutil import which

import numpy as np

from benchmarks.readers.reader import Classify, Reader
from nnfang.core.arrays import Images, Labels

LEVELS = {"-O2": ["-O2"], "-O3 -march=native": ["-O3", "-march=native"]}
FILES = {"digits.c": "C", "int8.c": "C, 8 bits"}

LOOP = """
int nnfang_predict(const unsigned char pixels[784], float probabilities[10]);

void classify(const unsigned char *images, long long *labels, long count)
{
    float probabilities[10];
    long i;

    for (i = 0; i < count; i++)
        labels[i] = nnfang_predict(images + 784 * i, probabilities);
}
"""
"""In C, since a call through ctypes takes about as long as the network; a file of its own, so nothing is inlined."""


def c(folder: Path) -> Iterator[Reader]:
    """Each file at each level: the program on a PGM, and the function."""
    if not which("cc"):
        print("C: skipped, there is no cc")
        return
    (folder / "loop.c").write_text(LOOP)
    for file, name in FILES.items():
        for level, flags in LEVELS.items():
            stem = f"{Path(file).stem}{flags[0]}"
            _cc(folder, *flags, file, "-o", f"{stem}.program", "-lm")
            _cc(folder, *flags, "-DNNFANG_NO_MAIN", "-shared", "-fPIC", file, "loop.c", "-o", f"{stem}.so", "-lm")
            command = [folder / f"{stem}.program", "digit.pgm"]
            answer = partial(subprocess.run, command, cwd=folder, capture_output=True, check=True)
            yield Reader(f"{name}, {level}", file, answer, _function(folder / f"{stem}.so"))


def _cc(folder: Path, *arguments: str) -> None:
    subprocess.run(["cc", "-std=c99", *arguments], cwd=folder, check=True)


def _function(library: Path) -> Classify:
    function = ctypes.CDLL(str(library)).classify
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long]
    function.restype = None

    def classify(images: Images) -> Labels:
        pixels, labels = np.ascontiguousarray(images), np.empty(len(images), np.int64)
        function(pixels.ctypes.data, labels.ctypes.data, len(images))
        return labels

    return classify
