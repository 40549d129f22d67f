"""The commands behind the readers: whatever these let pass, the commands use or refuse in one message."""

import atexit
import os
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from click.testing import CliRunner

import nnfang
from nnfang.commands import cli
from nnfang.core.layers import Dense, Dropout
from nnfang.core.optimizers import Adam, Momentum, Sgd
from nnfang.data.formats.idx import IDX_NAMES
from nnfang.runs import session
from nnfang.runs.starting import begin_with
from nnfang.training.recipe import Recipe

RUN = "momentum"
"""The run that files are put into."""

CLAIMS = ("history.csv", "metrics.json", "config.yaml")
"""The texts of a run."""

LONGEST = 20_000
"""Characters that a command may write about one file."""

LAYERS = (Dense(4, "tanh"), Dense(3, "softmax"))
RECIPES = {
    "sgd": Recipe(layers=LAYERS, optimizer=Sgd()),
    "momentum": Recipe(layers=LAYERS, optimizer=Momentum(), batch_size=8, validation_split=0.3),
    "adam": Recipe(layers=(LAYERS[0], Dropout(), LAYERS[1]), optimizer=Adam(), batch_size=20, dtype="float64"),
}


BRIEFLY = ("--epochs", "1", "--max-time", "1s", "--force", "-q")
"""How to train on what is given."""


class RefusedError(Exception):
    """A command has ended with an exit code that is documented, and a message."""


def call(*arguments: str) -> None:
    """Run a command, as the program does.

    Raises:
        RefusedError: It ends with a message and an exit code.
    """
    result = CliRunner(catch_exceptions=False).invoke(cli, arguments)
    assert len(result.output) < LONGEST, f"{len(result.output):,} characters: {result.output[:LONGEST]}"
    assert "Traceback" not in result.output, result.output
    assert result.exit_code in range(7), f"exit code {result.exit_code}: {result.output}"
    if result.exit_code:
        assert result.output, f"exit code {result.exit_code} without a message"
        raise RefusedError(f"exit code {result.exit_code}: {result.output}")


@cache
def workshop() -> Path:
    """A folder with a small data set, and with runs on it. It lasts as long as this process."""
    folder = Path(mkdtemp(prefix="nnfang-fuzzing-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["NNFANG_OFFLINE"] = "1"
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    images = (labels[:, None, None] * 70 + rng.integers(0, 110, (60, 4, 4))).astype(np.uint8)
    np.savez(folder / "data.npz", x_train=images, y_train=labels, x_test=images[:9], y_test=labels[:9])
    data = nnfang.load_data(folder / "data.npz")
    for name, recipe in RECIPES.items():
        nnfang.fit(replace(recipe, dataset=data.name, epochs=2), data, folder / name)
        with session.start(replace(recipe, dataset=data.name), data, folder / f"{name}-interrupted") as training:
            next(iter(training))
            training.save()
    known = nnfang.load(folder / "sgd")
    recipe = replace(known.recipe, epochs=1)
    begin = begin_with(known, str(folder / "sgd"), recipe, data)
    with session.start(recipe, data, folder / "begun", begin=begin) as training:
        next(iter(training))
        training.save()
    return folder


def seeds() -> tuple[bytes, ...]:
    """The checkpoints of these runs, first those of the one that they are put into, and one for inference only."""
    folder = workshop()
    nnfang.load(folder / "adam").for_inference().save(folder / "exported.npz")
    paths = (*folder.glob("*/*.npz"), folder / "exported.npz")
    return tuple(path.read_bytes() for path in sorted(paths, key=lambda path: (path.parent.name != RUN, path)))


def predict(path: Path) -> None:
    """Classify pictures with a checkpoint."""
    for style in ("text", "json", "csv"):
        call("predict", "-m", str(path), "--format", style, "--top", "3", "sample:7")


def evaluate(path: Path) -> None:
    """Evaluate a checkpoint, on a data set that fits some and on its own."""
    call("evaluate", "-m", str(path), "--dataset", str(workshop() / "data.npz"))
    call("evaluate", "-m", str(path), "--json")
    call("evaluate", "-m", str(path), "--split", "train")


def export(path: Path) -> None:
    """Export a checkpoint, and use what was exported."""
    target = workshop() / "out.npz"
    call("export", "-m", str(path), "--force", str(target))
    nnfang.load(target)


def verify(path: Path) -> None:
    """Verify a run with a checkpoint in it."""
    call("verify", "-q", str(_put_into_run(path)))


def resume(path: Path) -> None:
    """Resume a run from a checkpoint, for a second."""
    call("train", "--resume", str(_put_into_run(path)), "--max-time", "1s", "-q")


def train_from(path: Path) -> None:
    """Begin a run with the weights of a checkpoint, on a data set that fits some, for a second; and verify it."""
    new, data = str(workshop() / "new"), str(workshop() / "data.npz")
    call("train", "--from", str(path), "--dataset", data, "-o", new, "--set", "engine=batch", *BRIEFLY)
    call("verify", "-q", new)


def read_claims(path: Path) -> None:
    """Verify a run with a file in the place of each of its texts; refused if it can be none of them."""
    refusals = []
    for name in CLAIMS:
        folder = _put_into_run(workshop() / RUN / "last.npz")
        shutil.copy(path, folder / name)
        try:
            call("verify", "-q", "--json", str(folder))
        except RefusedError as error:
            refusals.append(error)
    if len(refusals) == len(CLAIMS):
        raise refusals[0]


def classify(path: Path) -> None:
    """Classify a picture, and keep what the network saw."""
    for style in ("text", "json", "csv"):
        call("predict", "-m", "bundled", "--format", style, str(path))
    call("predict", "-m", "bundled", "--raw", "--save-input", str(workshop() / "seen"), "--force", str(path))


def train_with(path: Path) -> None:
    """Show a config, and train with it for a second on a few images; without compiling, which takes its time."""
    call("train", "-c", str(path), "--print-config")
    few = ("--dataset", "mnist-sample", "--limit", "60", "--set", "engine=batch")
    call("train", "-c", str(path), *few, "-o", str(workshop() / "new"), *BRIEFLY)


def train_on_arrays(path: Path) -> None:
    """Train on a data set in one file for a second, and evaluate on it."""
    target = path.with_name("input.npz")
    shutil.copy(path, target)
    call("train", "--dataset", str(target), "-o", str(workshop() / "new"), *BRIEFLY)
    call("evaluate", "-m", str(workshop() / "new"), "--dataset", str(target))


def check(path: Path, ending: str) -> None:
    """Check a data set in one file, for a person and for a program."""
    target = path.with_name(f"input{ending}")
    shutil.copy(path, target)
    call("data", "check", str(target), "-q")
    call("data", "check", str(target), "--json")


def train_on_idx(path: Path) -> None:
    """Train on a folder of IDX files, one of which was given, for a second; refused if it can be none of them."""
    refusals = []
    for name in IDX_NAMES:
        folder = workshop() / "idx"
        folder.mkdir(exist_ok=True)
        for other, content in zip(IDX_NAMES, make_idx(), strict=True):
            (folder / other).write_bytes(content)
        shutil.copy(path, folder / name)
        try:
            call("train", "--dataset", str(folder), "-o", str(workshop() / "new"), *BRIEFLY)
        except RefusedError as error:
            refusals.append(error)
    if len(refusals) == len(IDX_NAMES):
        raise refusals[0]


def make_idx() -> tuple[bytes, ...]:
    """The four files of a data set that is as large as `data.npz`."""
    with np.load(workshop() / "data.npz") as arrays:
        found = [arrays[name].astype(np.uint8) for name in ("x_train", "y_train", "x_test", "y_test")]
    headers = [b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">u4").tobytes() for array in found]
    return tuple(header + array.tobytes() for header, array in zip(headers, found, strict=True))


def make_arrays() -> tuple[bytes, ...]:
    """The data set in one file."""
    return ((workshop() / "data.npz").read_bytes(),)


def claims() -> tuple[bytes, ...]:
    """The texts of a run."""
    return tuple((workshop() / RUN / name).read_bytes() for name in CLAIMS)


def _put_into_run(path: Path) -> Path:
    folder = workshop() / "run"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(workshop() / RUN, folder)
    shutil.copy(path, folder / "last.npz")
    return folder
