from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from nnfang import data
from nnfang.errors import DataError, PictureError


def read_picture(path: Path) -> npt.NDArray[np.uint8]:
    """A picture here is a text file that holds a number, the value of all its pixels."""
    text = path.read_text()
    if not text.isdecimal():
        raise PictureError("not a picture", path)
    return np.full((28, 28), int(text), np.uint8)


def write_pictures(folder: Path, values: range) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for value in values:
        (folder / f"picture{value}.txt").write_text(str(value))


def pairs(x: np.ndarray, y: np.ndarray) -> list[tuple[int, int]]:
    """(value, label) of each sample, in their order."""
    return [(int(image[0, 0]), int(label)) for image, label in zip(x, y, strict=True)]


def test_train_and_test_folders(tmp_path: Path) -> None:
    write_pictures(tmp_path / "train" / "cat", range(10))
    write_pictures(tmp_path / "train" / "dog", range(10, 20))
    write_pictures(tmp_path / "test" / "dog", range(20, 22))
    warnings: list[str] = []
    dataset = data.load(tmp_path, read_picture=read_picture, warn=warnings.append)
    assert sorted(pairs(dataset.x_train, dataset.y_train)) == [(value, value // 10) for value in range(20)]
    assert sorted(pairs(dataset.x_test, dataset.y_test)) == [(20, 1), (21, 1)]
    assert dataset.class_names == ("cat", "dog")
    assert dataset.preparation == "plain"
    assert warnings == []
    values = [int(Path(place).read_text()) for place in dataset.train_places]
    assert values == dataset.x_train[:, 0, 0].tolist()


def test_every_fifth_of_each_class_is_kept_for_the_test(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a", range(12))
    write_pictures(tmp_path / "b", range(20, 25))
    warnings: list[str] = []
    dataset = data.load(tmp_path, read_picture=read_picture, warn=warnings.append)
    assert sorted(pairs(dataset.x_test, dataset.y_test)) == [(4, 0), (9, 0), (24, 1)]
    assert len(dataset.x_train) == 14
    assert len(warnings) == 1
    assert "every fifth picture" in warnings[0]
    assert "3 of 17" in warnings[0]
    assert "\n" not in warnings[0]


def test_classes_are_in_natural_order(tmp_path: Path) -> None:
    for name in ["10", "9", "0", "b2", "B10", "1"]:
        write_pictures(tmp_path / name, range(5))
    dataset = data.load(tmp_path, read_picture=read_picture)
    assert dataset.class_names == ("0", "1", "9", "10", "b2", "B10")


def test_the_order_is_mixed_but_always_the_same(tmp_path: Path) -> None:
    for name in "abcd":
        write_pictures(tmp_path / name, range(20))
    first, second = (data.load(tmp_path, read_picture=read_picture) for _ in range(2))
    assert first.fingerprint == second.fingerprint
    assert set(first.y_train[:16].tolist()) == {0, 1, 2, 3}


def test_hidden_files_and_clutter_are_passed_over(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a", range(5))
    write_pictures(tmp_path / "b", range(5))
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.txt").write_text("about these pictures")
    for name in [".DS_Store", "Thumbs.db", "desktop.ini"]:
        (tmp_path / "a" / name).write_text("clutter")
    dataset = data.load(tmp_path, read_picture=read_picture)
    assert dataset.class_names == ("a", "b")
    assert len(dataset.x_train) + len(dataset.x_test) == 10


def test_an_unreadable_picture_is_named(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a", range(5))
    (tmp_path / "a" / "notes.md").write_text("text")
    with pytest.raises(DataError, match=r"notes\.md: cannot be read as a picture: not a picture$"):
        data.load(tmp_path, read_picture=read_picture)


def test_all_unreadable_pictures_can_be_listed(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a", range(5))
    write_pictures(tmp_path / "b", range(5))
    for name in ("a/picture1.txt", "a/picture4.txt", "b/picture2.txt"):
        (tmp_path / name).write_text("text")
    found: list[data.Unreadable] = []
    dataset = data.load(tmp_path, read_picture=read_picture, on_unreadable=found.append)
    assert {item.place for item in found} == {
        str(tmp_path / name) for name in ("a/picture1.txt", "a/picture4.txt", "b/picture2.txt")
    }
    assert sorted(pairs(dataset.x_train, dataset.y_train)) == [(0, 0), (0, 1), (1, 1), (2, 0), (3, 0), (3, 1)]
    assert pairs(dataset.x_test, dataset.y_test) == [(4, 1)]
    (tmp_path / "b" / "picture4.txt").write_text("text")
    with pytest.raises(DataError, match="none of the pictures can be read"):
        data.load(tmp_path, read_picture=read_picture, on_unreadable=found.append)


def test_pictures_of_different_shapes_are_refused(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a", range(5))
    with pytest.raises(DataError, match=r"its shape is \(\d, 3\), but that of others \(\d, 3\)"):
        data.load(tmp_path, read_picture=lambda path: np.zeros((int(path.read_text()), 3), np.uint8))


def test_too_few_pictures(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a", range(4))
    with pytest.raises(DataError, match=r"4 training and 0 test pictures found; .* at least 5"):
        data.load(tmp_path, read_picture=read_picture)


def test_a_class_without_pictures(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a", range(5))
    (tmp_path / "b").mkdir()
    with pytest.raises(DataError, match="b: a class without pictures"):
        data.load(tmp_path, read_picture=read_picture)


@pytest.mark.parametrize(("found", "missing"), [("train", "test"), ("test", "train")])
def test_one_part_without_the_other(found: str, missing: str, tmp_path: Path) -> None:
    write_pictures(tmp_path / found / "cat", range(5))
    with pytest.raises(DataError, match=f"there is {found}/, but no {missing}/"):
        data.load(tmp_path, read_picture=read_picture)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for name in ("bus", "train"):
        write_pictures(tmp_path / name, range(5))
    assert data.load(tmp_path, read_picture=read_picture).class_names == ("bus", "train")


def test_folders_within_a_class(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pets" / "cat", range(5))
    with pytest.raises(DataError, match=r"cat: a folder within the class 'pets'"):
        data.load(tmp_path, read_picture=read_picture)


def test_a_class_that_is_only_in_the_test(tmp_path: Path) -> None:
    write_pictures(tmp_path / "train" / "cat", range(5))
    write_pictures(tmp_path / "test" / "dog", range(5))
    with pytest.raises(DataError, match="dog: a class without training pictures; known: cat"):
        data.load(tmp_path, read_picture=read_picture)
