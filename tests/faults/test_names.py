"""Whatever cannot be read or written is named."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from nnfang.data.formats.idx import IDX_NAMES
from nnfang.files import TEMPORARY
from nnfang.runs.lock import LOCK
from tests.faults.kinds import Tally, choose
from tests.faults.machine import Machine, Mode

if TYPE_CHECKING:
    from tests.faults.machine import Ending

NEW = ("new", "seen", "sheet.png", "out.npz")
MODEL = ("-m", "run", "-q")
COMMANDS = {
    "train": ("train", "-c", "config.yaml", "--dataset", "few.npz", "-o", "new", "--json", "-q"),
    "resume": ("train", "--resume", "run", "--epochs", "3", "--json", "-q"),
    "fork": ("train", "--resume", "run", "--fork", "-o", "new", "--epochs", "3", "--json", "-q"),
    "preview": ("train", "-c", "config.yaml", "--set", "augment.rotate=9", "--preview-augment", "sheet.png", "-q"),
    "evaluate": ("evaluate", *MODEL, "--dataset", "few.npz"),
    "IDX": ("evaluate", *MODEL, "--dataset", "idx"),
    "zipped IDX": ("evaluate", *MODEL, "--dataset", "zipped"),
    "pictures": ("train", "--dataset", "pictures", "-o", "new", "--epochs", "1", "--set", "validation_split=0", "-q"),
    "predict": ("predict", *MODEL, "pictures", "pictures/train/a/*.png", "--save-input", "seen"),
    "export": ("export", *MODEL, "out.npz"),
    "verify": ("verify", "run", "-q"),
}


@pytest.fixture(scope="module")
def folder(machine: Machine, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and data in all formats."""
    folder = tmp_path_factory.mktemp("everything")
    shutil.copy(config, folder / "config.yaml")
    shutil.copy(config.with_name("few.npz"), folder)
    assert machine(folder, ("train", "-c", "config.yaml", "-o", "run", "--epochs", "1", "-q")).code == 0
    arrays = np.load(folder / "few.npz")
    for name, member in zip(IDX_NAMES, ("x_train", "y_train", "x_test", "y_test"), strict=True):
        array = arrays[member].astype(np.uint8)
        content = b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
        for place, ending, packed in (("idx", "", content), ("zipped", ".gz", gzip.compress(content))):
            (folder / place).mkdir(exist_ok=True)
            (folder / place / f"{name}{ending}").write_bytes(packed)
    for part in ("train", "test"):
        for label in "abc":
            (folder / "pictures" / part / label).mkdir(parents=True)
            Image.fromarray(arrays["x_test"]["abc".index(label)]).save(folder / "pictures" / part / label / "1.png")
    return folder


def names_of(struck: Path) -> set[str]:
    """What a person may be told of: not the temporary name under which a file is written, nor that of a lock.

    What cannot be said of a folder may be said of what is in it.
    """
    if struck.is_dir():
        return {str(struck), *(str(struck / path.name) for path in struck.iterdir()), *NEW}
    if struck.name == LOCK:
        return {str(struck.parent)}
    found = TEMPORARY.fullmatch(struck.name)
    return {str(struck.with_name(found["name"]) if found else struck)}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_cannot_be_read_or_written_is_named(
    name: str, machine: Machine, folder: Path, tmp_path: Path, tally: Tally
) -> None:
    def run(at: int = -1, mode: Mode = Mode.COUNT) -> Ending:
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        shutil.copytree(folder, tmp_path / "copy")
        return machine(tmp_path / "copy", COMMANDS[name], at=at, mode=mode, errno=errno.EIO)

    whole = run()
    assert whole.code == 0, whole
    for number in choose(whole.operations):
        ending = run(number, Mode.FAIL)
        tally.strike(Mode.FAIL)
        where = f"{name}, operation {number} of {whole.operations}"
        assert "a file cannot be read or written" not in ending.stderr, where
        assert "Traceback" not in ending.stderr, where
        if ending.code:
            assert ending.code in {1, 2, 5, 6}, (where, ending)
            told = [line for line in ending.stderr.splitlines() if line.startswith("Error: ")]
            with chdir(tmp_path / "copy"):
                names = names_of(Path(os.path.relpath(ending.struck)))
            is_told = any(line.startswith(f"Error: {name}: ") for line in told for name in names)
            is_in_result = ending.stdout.startswith(f"different: {Path(ending.struck).name}: ")  # of verify
            assert is_told or is_in_result, (where, ending)
        tally["whole"] += 1
