"""Whole processes, as a shell script pays for them: start-up, one prediction, the memory of a training run."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from PIL import Image

from benchmarks import images, tables
from nnfang.engines.compiled import import_problem
from nnfang.machine.description import find_version
from nnfang.machine.timing import take_turns

PROGRAM = "from nnfang.commands import main; main()"
MEMORY = f"""
import atexit
atexit.register(lambda: print(*[line for line in open("/proc/self/status") if line.startswith("VmHWM")]))
{PROGRAM}
"""
NNFANG = Path(sys.executable).with_name("nnfang")
PACKAGES = {"jax": "jax", "sklearn.neural_network": "scikit-learn", "torch": "torch"}
ROUNDS = 11


def python(code: str, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run some code in a Python of its own."""
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, check=True, cwd=folder)


def call(folder: Path, *arguments: str) -> None:
    """Run nnfang as the shell does."""
    subprocess.run([NNFANG, *arguments], capture_output=True, check=True, cwd=folder)


def run(rounds: int, plots: Path | None) -> None:
    """Print the tables."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        Image.fromarray(images.load().x_test[0]).save(folder / "digit.png")
        python(
            PROGRAM, "train", "--dataset", "mnist-sample", "--limit", "500", "--epochs", "1", "-o", "run", folder=folder
        )
        times = take_turns(
            {
                "python -c 'import numpy'": lambda: python("import numpy"),
                "nnfang --help": partial(call, folder, "--help"),
                "nnfang predict digit.png": partial(call, folder, "predict", "-m", "run", "digit.png"),
                **{
                    f"python -c 'import {package}'": partial(python, f"import {package}")
                    for package, distribution in (
                        ("jax", "jax"),
                        ("sklearn.neural_network", "scikit-learn"),
                        ("torch", "torch"),
                    )
                    if find_version(distribution)
                },
            },
            ROUNDS,
        )
        base = median(times["python -c 'import numpy'"])
        rows = [[name, f"{median(seconds):.3f}", f"{median(seconds) / base:.2f}"] for name, seconds in times.items()]
        tables.show(["process", "seconds", "times NumPy's import"], rows)
        engines = ["online", "batch", *(["compiled"] if not import_problem() else [])]
        rows = [[engine, *(f"{train_memory(engine, epochs, folder):.0f}" for epochs in (1, 5))] for engine in engines]
        if not Path("/proc/self/status").exists():
            print("The memory of a process is told by Linux only.")
            return
        print(f"Resident memory of `nnfang train` on {images.load().name}, MB at the most:\n")
        tables.show(["engine", "1 epoch", "5 epochs"], rows)


def train_memory(engine: str, epochs: int, folder: Path) -> float:
    """MB that a training run takes at the most."""
    size = "32" if engine == "batch" else "1"
    options = ("--epochs", str(epochs), "--set", f"engine={engine}", "--batch-size", size, "-q", "--json")
    done = python(MEMORY, "train", "--dataset", images.load().name, *options, folder=folder)
    return int(done.stdout.split()[-2]) * 1024 / 1e6
