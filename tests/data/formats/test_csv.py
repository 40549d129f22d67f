import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nnfang import data
from nnfang.errors import DataError

X = np.random.default_rng(2).integers(0, 256, (12, 3, 3), np.uint8)
Y = np.arange(12) // 6
KEPT = [0, 1, 2, 3, 5, 6, 7, 8, 9, 11]
"""The training images, where every fifth of a class is a test image."""


def lines_of(x: np.ndarray = X, labels: Sequence[object] | None = None) -> list[str]:
    return [
        ",".join(map(str, [label, *image.ravel()]))
        for image, label in zip(x, Y.tolist() if labels is None else labels, strict=True)
    ]


def write(path: Path, lines: list[str], end: str = "\n") -> Path:
    path.write_bytes("".join(f"{line}{end}" for line in lines).encode())
    return path


def check_images(path: Path) -> data.Dataset:
    dataset = data.load(path)
    np.testing.assert_array_equal(dataset.x_train, X[KEPT])
    np.testing.assert_array_equal(dataset.x_test, X[[4, 10]])
    np.testing.assert_array_equal(dataset.y_train, Y[KEPT])
    np.testing.assert_array_equal(dataset.y_test, Y[[4, 10]])
    return dataset


def test_a_table_without_names(tmp_path: Path) -> None:
    dataset = check_images(write(tmp_path / "digits.csv", lines_of()))
    assert dataset.class_names == ("0", "1")
    assert dataset.train_places == tuple(f"line {i + 1}" for i in KEPT)
    assert dataset.test_places == ("line 5", "line 11")
    assert dataset.name == dataset.source == str(tmp_path / "digits.csv")


def test_every_fifth_line_of_a_class_is_kept_for_the_test(tmp_path: Path) -> None:
    warnings: list[str] = []
    data.load(write(tmp_path / "digits.csv", lines_of()), warn=warnings.append)
    assert len(warnings) == 1
    assert warnings[0].endswith("every fifth line of each class is kept for the test: 2 of 12")


@pytest.mark.parametrize(
    "names",
    [
        ["label", *(f"pixel{i}" for i in range(9))],
        ["label", *map(str, range(9))],
        ["Label", *(f"{i}x{j}" for i in "123" for j in "123")],
        ["", *(f"p{i}" for i in range(9))],
        list(map(str, range(10))),
    ],
    ids=["Kaggle", "pandas", "by row and column", "no name of the label", "no names at all"],
)
def test_the_names_of_the_columns_are_no_image(names: list[str], tmp_path: Path) -> None:
    dataset = check_images(write(tmp_path / "x.csv", [",".join(names), *lines_of()]))
    assert dataset.train_places[0] == "line 2"


def test_the_column_of_the_labels_has_a_name(tmp_path: Path) -> None:
    cells = [line.split(",") for line in lines_of()]
    last = [",".join([*row[1:], row[0]]) for row in cells]
    check_images(write(tmp_path / "x.csv", [",".join([*(f"pixel{i}" for i in range(9)), "class"]), *last]))


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line + "\r",
        lambda line: line + "\n\n",
        lambda line: line.replace(",", ", "),
        lambda line: line.replace(",", ";"),
        lambda line: line.replace(",", "\t"),
        lambda line: line.replace(",", ".0,") + ".0",
        lambda line: ",".join(f'"{cell}"' for cell in line.split(",")),
        lambda line: f"\ufeff{line}" if line == lines_of()[0] else line,
    ],
    ids=["Windows", "blank lines", "spaces", "semicolons", "tabs", "floats", "quotes", "a mark of UTF-8"],
)
def test_ways_to_write_the_same(change: object, tmp_path: Path) -> None:
    assert callable(change)
    check_images(write(tmp_path / "x.csv", [change(line) for line in lines_of()]))


def test_a_table_may_be_gzipped(tmp_path: Path) -> None:
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress("\n".join(lines_of()).encode()))
    check_images(tmp_path / "x.csv.gz")


def test_more_lines_than_are_parsed_at_once(tmp_path: Path) -> None:
    x = np.random.default_rng(3).integers(0, 256, (1203, 28, 28), np.uint8)
    lines = lines_of(x, [i % 10 for i in range(len(x))])
    lines[700] = lines[700].replace(",", " , ")  # a chunk that is read cell by cell between two that are not
    dataset = data.load(write(tmp_path / "x.csv", [",".join(["label", *(f"p{i}" for i in range(784))]), *lines]))
    rows = [int(place.split()[1]) - 2 for place in dataset.train_places]
    np.testing.assert_array_equal(dataset.x_train, x[rows])
    np.testing.assert_array_equal(dataset.y_train, np.array(rows) % 10)


def test_labels_may_be_words(tmp_path: Path) -> None:
    words = ['"dog, large"' if y else "cät" for y in Y]
    assert check_images(write(tmp_path / "x.csv", lines_of(labels=words))).class_names == ("cät", "dog, large")
    quoted = ['"dog"' if y else '"cat"' for y in Y]
    assert check_images(write(tmp_path / "y.csv", lines_of(labels=quoted))).class_names == ("cat", "dog")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0,1,2,3,4,5,6,7,8", "line 3: 9 values found, expected 10: a label and 3x3 pixels, as in the first line"),
        ("0,1,2,3,4,5,6,7,8,256", r"line 3: the pixel '256' found, expected integers within 0\.\.255"),
        ("0,1,2,3,4,5,6,7,8,-1", "line 3: the pixel '-1' found"),
        ("0,1,2,3,4,5,6,7,8,0.5", "line 3: the pixel '0.5' found"),
        ("0,1,2,3,4,5,6,7,8,", "line 3: the pixel '' found"),
        ("0,1,2,3,4,5,6,7,8,nan", "line 3: the pixel 'nan' found"),
        ("0", "line 3: 1 values found"),
        (",1,2,3,4,5,6,7,8,9", "line 3: the label '' found"),
        (f"{'x' * 300},1,2,3,4,5,6,7,8,9", "line 3: the label 'x{20}' found"),
        ('"0,1,2,3,4,5,6,7,8,9', "line 3: unexpected end of data"),
    ],
)
def test_a_wrong_line_is_named(line: str, message: str, tmp_path: Path) -> None:
    lines = lines_of()
    path = write(tmp_path / "x.csv", [*lines[:2], line, *lines[2:]])
    with pytest.raises(DataError, match=rf"x\.csv: {message}"):
        data.load(path)
    found: list[data.Unreadable] = []
    dataset = data.load(path, on_unreadable=found.append)
    assert [(item.place, item.number) for item in found] == [("x.csv, line 3", 2)]
    np.testing.assert_array_equal(dataset.x_train, X[KEPT])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"\n\n", "an empty file"),
        (b"label,a,b,c,d\n", "no line with a label and pixels"),
        (
            b"pixel0,pixel1,pixel2,pixel3\n1,2,3,4\n",
            "line 1: 4 values found; one for the label and as many as a square",
        ),
        (b"0,1,2,3,4\n" * 4, "at least five lines of a class are needed, .*; lines found: 4"),
        (b"0,1,2,3,4\n" * 5, "there is only the class 0"),
        (b"cat\xff,1,2,3,4\n" * 5, "line 1: not in UTF-8"),
        (b"20000,1,2,3,4\n" * 5, "the highest label is 20000"),
        (b"0," * 3_000_000, "line 1: longer than"),
        (b"\x1f\x8b garbage", "cannot be read as gzip"),
        (gzip.compress(b"0,1,2,3,4\n" * 10)[:-9], "cannot be read as gzip"),
        (gzip.compress((b"0," * 1_000_000 + b"0\n") * 34, 1), "expands to more than 50 times its size"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_is_no_table(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        data.load(tmp_path / "x.csv")


def test_more_words_than_there_can_be_classes(tmp_path: Path) -> None:
    write(tmp_path / "x.csv", [f"word{i},0" for i in range(10_001)])
    with pytest.raises(DataError, match="10,001 different labels, such as 'word0'"):
        data.load(tmp_path / "x.csv")


@pytest.mark.parametrize("labels", [None, ["dog" if y else "cat" for y in Y]], ids=["numbers", "words"])
def test_a_folder_with_a_table_for_each_part(labels: Sequence[object] | None, tmp_path: Path) -> None:
    write(tmp_path / "mnist_train.csv", lines_of(labels=labels))
    write(tmp_path / "mnist_test.csv", lines_of(X[6:], labels[6:] if labels else Y[6:].tolist()))
    write(tmp_path / "sample_submission.csv", ["ImageId,Label"])
    dataset = data.load(tmp_path)
    np.testing.assert_array_equal(dataset.x_train, X)
    np.testing.assert_array_equal(dataset.x_test, X[6:])
    np.testing.assert_array_equal(dataset.y_test, Y[6:])
    assert dataset.test_places[0] == "mnist_test.csv, line 1"


def test_a_class_that_is_only_in_the_test_table(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", lines_of())
    write(tmp_path / "test.csv", lines_of(labels=["0"] * 11 + ["2"]))
    with pytest.raises(DataError, match=r"test\.csv: line 12: the class '2' has no training images"):
        data.load(tmp_path)


def test_tables_beside_pictures_are_passed_over(tmp_path: Path) -> None:
    for name in ("train", "test"):
        write(tmp_path / f"{name}.csv", lines_of())
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(5):
            (tmp_path / name / f"{i}.png").touch()
    dataset = data.load(tmp_path, read_picture=lambda path: np.full((2, 2), len(path.parts), np.uint8))
    assert dataset.class_names == ("cat", "dog")
