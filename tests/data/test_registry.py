import re
from hashlib import sha256
from pathlib import Path

import pytest

from nnfang import data
from nnfang.data.registry import DATASETS, KnownDataset
from nnfang.errors import DataError


@pytest.mark.parametrize("known", DATASETS.values(), ids=DATASETS)
def test_entries_are_complete(known: KnownDataset) -> None:
    assert DATASETS[known.name] is known
    assert len(known.files) == len(set(known.files.values())) == 4
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) and file.size > 1000 for file in known.files.values())
    assert known.mirrors
    assert all(re.fullmatch(r"https://\S+/", mirror) for mirror in known.mirrors)
    assert len(known.class_names) == len(set(known.class_names)) == 10
    assert known.preparation == ("digit" if known.name == "mnist" else "negative")
    assert known.citation


@pytest.mark.parametrize("known", DATASETS.values(), ids=DATASETS)
def test_entries_have_the_sizes_and_checksums_of_the_official_files(known: KnownDataset, official: Path) -> None:
    if not (official / known.name).is_dir():
        pytest.skip("the files are not there")
    for name, file in known.files.items():
        content = (official / known.name / name).read_bytes()
        assert (len(content), sha256(content).hexdigest()) == (file.size, file.sha256), name


def test_names() -> None:
    assert data.KNOWN == ("mnist", "fashion-mnist", "kmnist", "mnist-sample")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("minst", 'Did you mean "mnist"?'),
        ("fashion_mnist", 'Did you mean "fashion-mnist"?'),
        ("mnist-smaple", "sample"),
        ("", ""),
        ("x" * 5000, ""),
        ("~nobody-of-this-name/x", ""),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_and_all_that_is_allowed(name: str, hint: str) -> None:
    with pytest.raises(DataError) as caught:
        data.load(name)
    message = str(caught.value)
    assert caught.value.path == name
    assert caught.value.reason.startswith("there is no such data set or path.")
    assert hint in message
    assert "mnist, fashion-mnist, kmnist, mnist-sample" in message
    assert ".npz" in message
    assert "sub-folder per class" in message


def test_a_name_goes_before_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mnist-sample").mkdir()
    monkeypatch.chdir(tmp_path)
    assert data.load("mnist-sample").name == "mnist-sample"
    with pytest.raises(DataError, match="an empty folder"):
        data.load("./mnist-sample")
