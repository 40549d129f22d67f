from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnfang import data
from nnfang.data.formats.idx import IDX_NAMES
from nnfang.errors import DataError

WriteIdx = Callable[[Path, np.ndarray], Path]


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("spelling", ["-idx", ".idx"])
def test_a_folder_of_idx_files(
    spelling: str, suffix: str, tmp_path: Path, arrays: list[np.ndarray], write_idx: WriteIdx
) -> None:
    for name, array in zip(IDX_NAMES, arrays, strict=True):
        write_idx(tmp_path / (name.replace("-idx", spelling) + suffix), array)
    dataset = data.load(tmp_path)
    np.testing.assert_array_equal(dataset.x_train, arrays[0])
    np.testing.assert_array_equal(dataset.y_train, arrays[1])
    np.testing.assert_array_equal(dataset.x_test, arrays[2])
    np.testing.assert_array_equal(dataset.y_test, arrays[3])
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.preparation == "plain"
    assert dataset.name == dataset.source == str(tmp_path)


def test_missing_idx_files_are_named(tmp_path: Path, write_idx: WriteIdx) -> None:
    write_idx(tmp_path / IDX_NAMES[1], np.zeros(3, np.uint8))
    with pytest.raises(DataError, match=f"{IDX_NAMES[1]} found, but missing: {IDX_NAMES[0]}, {IDX_NAMES[2]}"):
        data.load(tmp_path)


def test_idx_files_that_do_not_belong_together(tmp_path: Path, arrays: list[np.ndarray], write_idx: WriteIdx) -> None:
    for name, array in zip(IDX_NAMES, [arrays[0], *arrays[2:], arrays[1]], strict=True):
        write_idx(tmp_path / name, array)
    with pytest.raises(DataError, match="training labels are uint8 of shape"):
        data.load(tmp_path)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], "an empty folder"),
        ([".hidden"], "an empty folder"),
        (["b.txt", "a.txt"], r"a folder with a\.txt, b\.txt\."),
    ],
)
def test_a_wrong_folder(names: list[str], found: str, tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).write_text("text")
    with pytest.raises(DataError, match=found) as caught:
        data.load(tmp_path)
    for form in ("train-images-idx3-ubyte", ".npz", "sub-folder per class"):
        assert form in str(caught.value)


@pytest.mark.parametrize("name", ["x.npz", "x.txt"])
def test_a_file_that_is_not_npz(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("text")
    with pytest.raises(DataError, match=r"a file, but neither \.npz nor \.csv") as caught:
        data.load(tmp_path / name)
    assert "sub-folder per class" in str(caught.value)


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with pytest.raises(DataError, match="an empty folder"):
        data.load("~")


def test_pictures_without_a_reader(tmp_path: Path) -> None:
    (tmp_path / "cats").mkdir()
    with pytest.raises(DataError, match="read_picture"):
        data.load(tmp_path)


@pytest.mark.full
@pytest.mark.parametrize(("name", "preparation"), [("mnist", "digit"), ("fashion-mnist", "plain")])
def test_the_look_of_official_files_is_measured(name: str, preparation: str, official: Path) -> None:
    assert data.load(official / name).preparation == preparation
