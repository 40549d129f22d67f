from __future__ import annotations

import os
from pathlib import Path
from shutil import copyfile, copytree
from typing import TYPE_CHECKING

import pytest

from nnfang.data.registry import DATASETS, MNIST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.commands.conftest import Nnfang


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A folder to be served, with the official files of two data sets."""
    if "MNIST_FILES" not in os.environ:
        pytest.skip("MNIST_FILES is not set")
    for name in ("mnist", "fashion-mnist"):
        copytree(Path(os.environ["MNIST_FILES"]) / name, tmp_path / "mirror" / name, copy_function=copyfile)
    return tmp_path / "mirror"


def test_the_list_has_all_that_have_names(nnfang: Nnfang) -> None:
    lines = nnfang.inside("data", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["name", *DATASETS, "mnist-sample"]
    assert [line.split()[-1] for line in lines[1:]] == ["no", "no", "no", "yes"]
    listed = nnfang.inside("data", "list", "--json").objects
    assert [item["here"] for item in listed] == [False, False, False, True]
    assert listed[0]["bytes"] == 11_594_722
    assert listed[0]["folder"] == str(nnfang.folder / "cache" / "mnist")
    assert (listed[3]["training_images"], listed[3]["test_images"]) == (10_000, 2_000)


def test_where_is_the_path_and_nothing_else(nnfang: Nnfang) -> None:
    assert nnfang.inside("data", "where").stdout == f"{nnfang.folder / 'cache'}\n"
    assert nnfang.inside("data", "where", "kmnist").stdout == f"{nnfang.folder / 'cache' / 'kmnist'}\n"
    assert (Path(nnfang.inside("data", "where", "mnist-sample").stdout.strip()) / "LICENSE.md").is_file()
    assert 'Did you mean "mnist"?' in nnfang.inside("data", "where", "minst", code=5).stderr


def test_fetch_downloads_once(nnfang: Nnfang, mirror: Path, serve: Callable[[Path], str]) -> None:
    variables = {"NNFANG_MIRROR": serve(mirror), "NO_PROXY": "*"}
    first = nnfang("data", "fetch", "mnist", "mnist-sample", "mnist", environment=variables)
    assert first.stdout.splitlines()[0] == f"mnist  {nnfang.folder / 'cache' / 'mnist'}"
    assert [line.split()[0] for line in first.stdout.splitlines()] == ["mnist", "mnist-sample"]
    assert next(iter(MNIST.files)) in first.stderr
    again = nnfang("data", "fetch", "mnist", "--offline")
    assert again.stderr == ""
    assert [item["here"] for item in nnfang.inside("data", "list", "--json").objects] == [True, False, False, True]


def test_fetch_mends_what_is_damaged(nnfang: Nnfang, mirror: Path, serve: Callable[[Path], str]) -> None:
    copytree(mirror / "mnist", nnfang.folder / "cache" / "mnist")
    name = list(MNIST.files)[1]
    (nnfang.folder / "cache" / "mnist" / name).write_bytes(b"damaged")
    result = nnfang("data", "fetch", "mnist", environment={"NNFANG_MIRROR": serve(mirror), "NO_PROXY": "*"})
    assert [file for file in MNIST.files if file in result.stderr] == [name]


def test_where_one_cannot_be_had_the_others_are(nnfang: Nnfang, mirror: Path) -> None:
    copytree(mirror / "fashion-mnist", nnfang.folder / "cache" / "fashion-mnist")
    result = nnfang.inside("data", "fetch", "kmnist", "mnist", "fashion-mnist", "--offline", code=5)
    assert result.stdout.startswith("fashion-mnist  ")
    assert [line for line in result.stderr.splitlines() if line.startswith("Error: ")] == [
        f"Error: {name}: the data set is not complete in the cache, and nnfang was told to stay offline:"
        for name in ("kmnist", "mnist")
    ]


def test_a_slip_is_noticed_before_anything_is_downloaded(nnfang: Nnfang) -> None:
    result = nnfang.inside("data", "fetch", "mnist-sample", "kmnits", code=5)
    assert result.stdout == ""
    assert 'kmnits: no data set has this name. Did you mean "kmnist"?' in result.stderr
