"""Readers that are programs of Python."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.readers.reader import Reader
from nnfang.machine.description import find_version
from nnfang.runs.checkpoint import load


def nnfang(folder: Path) -> Iterator[Reader]:
    """The command, and `Checkpoint.predict`."""
    checkpoint = load(folder / "digits.npz")
    answer = partial(processes.call, folder, "predict", "-q", "-m", "digits.npz", "digit.png")
    yield Reader("nnfang", "digits.npz", answer, lambda images: checkpoint.predict(images).argmax(axis=1))


def python_file(folder: Path) -> Iterator[Reader]:
    """The file as a program, and its `predict`."""
    spec = spec_from_file_location("digits", folder / "digits.py")
    assert spec
    assert spec.loader
    digits = module_from_spec(spec)
    spec.loader.exec_module(digits)
    answer = _script(folder, "digits.py", "digit.png")
    yield Reader("Python", "digits.py", answer, lambda images: digits.predict(images).argmax(axis=1))


def onnxruntime(folder: Path) -> Iterator[Reader]:
    """A session in one thread."""
    yield from _library(folder, "onnxruntime", "onnxruntime", "onnx_program", "digits.onnx")


def torch(folder: Path) -> Iterator[Reader]:
    """`torch.nn.Sequential` in one thread."""
    yield from _library(folder, "PyTorch", "torch", "torch_program", "digits.safetensors")


def _library(folder: Path, name: str, package: str, program: str, file: str) -> Iterator[Reader]:
    """The reader of a file by a library, if both are there."""
    if not (folder / file).exists():
        return
    if not find_version(package):
        print(f"{name}: skipped, it is not installed")
        return
    module: Any = import_module(f"benchmarks.readers.{program}")
    classify = module.Model(str(folder / file)).classify
    yield Reader(name, file, _script(folder, module.__file__, file, "digit.png"), classify)


def _script(folder: Path, *arguments: str) -> Callable[[], object]:
    return partial(subprocess.run, [sys.executable, *arguments], cwd=folder, capture_output=True, check=True)
