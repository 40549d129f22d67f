from __future__ import annotations

import os
from pathlib import Path
from shutil import copyfile, copytree
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnfang import examine_data
from nnfang.data.registry import DATASETS, MNIST
from nnfang.images import save_image

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


CLASSES = ("cat", "dog")


@pytest.fixture
def images() -> np.ndarray:
    """Ten images in which no two are alike, for each of two classes."""
    images: np.ndarray = np.random.default_rng(1).integers(0, 256, (20, 28, 28), np.uint8)
    return images


@pytest.fixture
def letters(nnfang: Nnfang, images: np.ndarray) -> Path:
    """A folder of pictures with a fault of each kind."""
    images[4] = images[13]  # as a cat and as a dog
    images[3] = images[2]
    images[15] = 99
    for part, numbers in (("train", [*range(8), *range(10, 18)]), ("test", [8, 9, 18, 19])):
        for i in numbers:
            path = nnfang.folder / "letters" / part / CLASSES[i // 10] / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            save_image(path, images[i], may_replace=False)
    for name in ("train/cat/broken.png", "test/dog/notes.txt"):
        (nnfang.folder / "letters" / name).write_text("no picture")
    save_image(nnfang.folder / "letters" / "test" / "dog" / "again.png", images[16], may_replace=False)
    return nnfang.folder / "letters"


def test_check_names_files_and_what_is_wrong(nnfang: Nnfang, letters: Path) -> None:
    result = nnfang.inside("data", "check", "letters")
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == "letters: 16 training and 5 test images of 28x28, 2 classes"
    assert [" ".join(line.split()[:3]) for line in lines[2:5]] == ["class training test", "cat 8 2", "dog 8 3"]
    findings = "\n".join(lines[6:]).replace("\\", "/")
    assert "  letters/train/cat/4.png (cat) = letters/train/dog/13.png (dog)" in findings
    assert "  letters/train/dog/16.png = letters/test/dog/again.png" in findings
    assert "  letters/train/cat/2.png = letters/train/cat/3.png" in findings
    assert "  letters/train/dog/15.png" in findings
    assert "letters/train/cat/broken.png: cannot be read as a picture: " in findings
    counts = [line.split()[-1] for line in lines[6:] if not line.startswith(" ")]
    assert counts == ["1", "1", "2", "-", "1", "2"]


def test_check_tells_a_program_all(nnfang: Nnfang, letters: Path) -> None:
    (found,) = nnfang.inside("data", "check", "letters", "--json").objects
    kinds = ("contradictions", "overlap", "duplicates", "near_duplicates", "blank", "unreadable")
    assert [found[kind]["count"] for kind in kinds] == [1, 1, 2, 0, 1, 2]
    assert found["classes"]["names"] == list(CLASSES)
    assert found["classes"]["training_images"] == [8, 8]
    assert found["sizes"] == [{"height": 28, "width": 28, "count": 21}]
    assert {Path(place).name for place in found["unreadable"]["places"]} == {"broken.png", "notes.txt"}
    data = examine_data(letters).data
    for kind in kinds[:-1]:
        for group in found[kind]["groups"]:
            for image in group:
                places = data.train_places if image["part"] == "train" else data.test_places
                assert Path(places[image["index"]]).name == Path(image["place"]).name
    (blank,) = found["blank"]["indices"]["train"]
    assert (data.x_train[blank] == 99).all()


def test_strict_is_a_gate(nnfang: Nnfang, letters: Path) -> None:
    result = nnfang.inside("data", "check", "letters", "--strict", code=3)
    assert "letters: --strict: 1 image with several labels, 1 test image also among the training" in result.stderr
    assert result.stdout == nnfang.inside("data", "check", "letters").stdout
    nnfang.inside("data", "check", "mnist-sample", "--strict")


def save_arrays(folder: Path, images: np.ndarray) -> None:
    labels = np.arange(20) // 10
    np.savez(folder / "own.npz", x_train=images, y_train=labels, x_test=images[5:6], y_test=labels[5:6])


def test_check_of_arrays_names_indices(nnfang: Nnfang, images: np.ndarray) -> None:
    images[7] = np.clip(images[6].astype(int) + 1, 0, 255)
    save_arrays(nnfang.folder, images)
    lines = nnfang.inside("data", "check", "own.npz").stdout.splitlines()
    assert "  train 5 = test 0" in lines
    assert "  train 6 ~ train 7" in lines
    assert not any("unreadable" in line for line in lines)


def test_check_of_a_table_names_lines(nnfang: Nnfang, images: np.ndarray) -> None:
    images[1] = images[0]
    rows = [",".join(map(str, [CLASSES[i // 10], *image.ravel()])) for i, image in enumerate(images)]
    (nnfang.folder / "own.csv").write_text("\n".join([*rows[:5], "cat,1,2,3", *rows[5:]]))
    result = nnfang.inside("data", "check", "own.csv")
    assert "  line 1 = line 2" in result.stdout.splitlines()
    assert "own.csv, line 6: 4 values found, expected 785" in result.stdout
    assert "every fifth line of each class" in result.stderr


def test_what_can_not_be_checked_is_an_error(nnfang: Nnfang) -> None:
    assert 'Did you mean "mnist"?' in nnfang.inside("data", "check", "mnits", code=5).stderr
    nnfang.inside("data", "check", "kmnist", "--offline", code=5)


def test_many_classes_and_places_are_cut_short_for_a_person(nnfang: Nnfang) -> None:
    x = np.zeros((100, 2, 2), np.uint8)
    np.savez(nnfang.folder / "own.npz", x_train=x, y_train=np.arange(100), x_test=x[:50], y_test=np.arange(50))
    lines = nnfang.inside("data", "check", "own.npz").stdout.splitlines()
    assert "... and 60 classes with as many images or more" in lines
    assert "  train 0 (0) = train 1 (1) = train 2 (2) and 147 more" in lines
    assert "  and 47 more, which --json lists" in lines


def test_training_warns_of_what_is_wrong_and_goes_on_the_same(nnfang: Nnfang, images: np.ndarray) -> None:
    save_arrays(nnfang.folder, images)
    options = ("--dataset", "own.npz", "--set", "validation_split=0", "--set", "layers[2].units=2", "--json")
    warned = nnfang.train(*options, "-o", "warned")
    assert warned.stderr.splitlines()[:2] == [
        "warning: own.npz: 1 test image also among the training images",
        "To see which: nnfang data check own.npz",
    ]
    quiet = nnfang.train(*options, "-o", "quiet", "-q")
    assert quiet.stderr == ""
    assert quiet.end["digest"] == warned.end["digest"]
    assert "warning" not in nnfang.train("-o", "known").stderr
