"""The bundled network in every format: the size of the file, from start to answer, images a second, side by side."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from benchmarks import images, processes, tables
from benchmarks.readers.in_browser import chromium
from benchmarks.readers.in_c import c
from benchmarks.readers.in_python import nnfang, onnxruntime, python_file, torch
from nnfang.exports import FORMATS, Settings, encode
from nnfang.exports.int8 import round_weights
from nnfang.machine.description import find_version
from nnfang.machine.timing import take_turns
from nnfang.runs.bundled import NETWORK
from nnfang.runs.checkpoint import load

COUNT = 10_000
READERS = (nnfang, python_file, c, onnxruntime, torch)
"""Which make readers; to the first of them all are compared."""

HEADER = (
    "read by",
    "file",
    "bytes",
    "start to answer, ms",
    "times nnfang's",
    "images/s",
    "times nnfang's",
    "same class",
)


def write(folder: Path) -> list[str]:
    """Export the network to all files, whose names are returned, and write one picture."""
    checkpoint, data, files = load(NETWORK), images.load(), []
    settings = {f"digits.{ending}": Settings() for ending in FORMATS}
    settings |= {"learn.html": Settings(learn=data), "int8.c": Settings(int8=round_weights(checkpoint, data))}
    for file, chosen in settings.items():
        name = file.rpartition(".")[2]
        library = FORMATS[name].library
        if library and not find_version(library):
            print(f"{file}: skipped, {library} is not installed")
            continue
        (folder / file).write_bytes(encode(checkpoint, name, chosen))
        files.append(file)
    for ending in ("png", "pgm"):
        Image.fromarray(data.x_test[0]).save(folder / f"digit.{ending}")
    return files


def run(rounds: int, plots: Path | None) -> None:
    """Print the table: the medians, and the medians of the ratios to nnfang in the same round."""
    known = images.load().x_test
    pictures = known[np.arange(COUNT) % len(known)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = write(folder)
        with chromium(folder) as pages:
            readers = [*(reader for make in READERS for reader in make(folder)), *pages]
            numbers = range(len(readers))
            starts = take_turns({number: readers[number].answer for number in numbers}, processes.ROUNDS)
            runs = {
                number: partial(classify, pictures)
                for number, classify in ((number, readers[number].classify) for number in numbers)
                if classify
            }
            labels = {number: classify() for number, classify in runs.items()}
            times = take_turns(runs, rounds)
        sizes = {file: f"{(folder / file).stat().st_size:,}" for file in files}
    rows = []
    for number, reader in enumerate(readers):
        row = [reader.name, reader.file, sizes.pop(reader.file, "")]
        row += [tables.seconds(1000 * median(starts[number])), ratio(starts[number], starts[0])]
        if number in times:
            row += [f"{COUNT / median(times[number]):,.0f}", ratio(times[0], times[number])]
            row += [f"{np.count_nonzero(labels[number] == labels[0]):,}"]
        rows.append(row + [""] * (len(HEADER) - len(row)))
    rows += [["", file, size, *[""] * (len(HEADER) - 3)] for file, size in sizes.items()]
    print(f"\n{COUNT:,} images of {images.load().name}, one thread. Times of one picture are those of whole processes;")
    print("Chromium is open already, and is given a page.\n")
    tables.show(HEADER, rows)


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> str:
    """The median of the ratios, round by round."""
    return f"{median(one / other for one, other in zip(numerators, denominators, strict=True)):.2g}"


if __name__ == "__main__":  # one thread has to be asked for before NumPy is imported, which is above
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks", "--only", "exports", *sys.argv[1:]])
