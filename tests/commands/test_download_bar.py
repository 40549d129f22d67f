"""That a command which downloads a data set says so, and not if it is to be quiet."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.conftest import Nnfang

FIRST = "train-images-idx3-ubyte.gz"


@pytest.mark.parametrize("command", [("train",), ("evaluate", "-m", "bundled")])
@pytest.mark.parametrize("quiet", [(), ("-q",)])
def test_a_download_is_announced_unless_quiet(
    command: tuple[str, ...], quiet: tuple[str, ...], nnfang: Nnfang, serve: Callable[[Path], str]
) -> None:
    (nnfang.folder / "mnist").mkdir()
    (nnfang.folder / "mnist" / FIRST).write_bytes(b"not what it should be")
    mirror = {"NNFANG_MIRROR": serve(nnfang.folder)}
    result = nnfang.inside(*command, "--dataset", "mnist", *quiet, code=5, environment=mirror)
    assert f"{mirror['NNFANG_MIRROR']}/mnist/: wrong checksum" in result.stderr
    assert (f"mnist: {FIRST}\n" in result.stderr) == (not quiet)
