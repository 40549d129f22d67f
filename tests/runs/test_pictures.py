"""What a network says of a picture, and which pictures are meant by an argument."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nnfang
from nnfang.errors import NnfangError, PictureError
from nnfang.images import Prepared
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.pictures import Prediction, predict_pictures


@pytest.fixture(scope="module")
def bundled() -> Checkpoint:
    return nnfang.load("bundled")


def test_a_prediction_is_the_class_with_the_largest_output() -> None:
    image = Prepared(np.zeros((2, 2), np.uint8), is_inverted=False, crop=(0, 0, 2, 2), scale=1)
    outputs = np.array([0.125, 0.5, 0.25, 0.125])
    prediction = Prediction("a.png", ("one", "two", "three", "four"), outputs, image)
    assert prediction.label == "two"
    assert prediction.top(3) == [("two", 0.5), ("three", 0.25), ("one", 0.125)]
    assert prediction.top(9)[-1] == ("four", 0.125)
    assert repr(prediction) == "Prediction(a.png: two, 0.500)"


def test_files_folders_samples_and_a_stream_come_in_the_order_of_the_arguments(
    bundled: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("scans").mkdir()
    three, seven = (nnfang.images.find_sample(f"sample:{digit}").read_bytes() for digit in (3, 7))
    Path("scans/b.jpg").write_bytes(seven)
    Path("scans/a.jpg").write_bytes(three)
    Path("scans/c.jpg").write_bytes(b"no picture")
    given = ["sample:7", "scans", "-", "scans/b.jpg", "none.png", "sample:x"]
    told = list(predict_pictures(bundled, given, stdin=io.BytesIO(three)))
    assert [found.name if isinstance(found, Prediction) else found[0] for found in told] == [
        *("sample:7", "scans/a.jpg", "scans/b.jpg", "scans/c.jpg", "-", "scans/b.jpg", "none.png", "sample:x"),
    ]
    assert [found.label for found in told if isinstance(found, Prediction)] == ["7", "3", "7", "3", "7"]
    errors = [found[1] for found in told if isinstance(found, tuple)]
    assert all(isinstance(error, PictureError) for error in errors)


def test_a_hyphen_is_a_file_where_there_is_no_stream(
    bundled: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ((name, error),) = predict_pictures(bundled, ["-"])  # type: ignore[misc]
    assert (name, error.path) == ("-", "-")


def test_a_raw_picture_is_neither_inverted_nor_moved(bundled: Checkpoint, tmp_path: Path) -> None:
    page = np.full((56, 56), 255, np.uint8)
    page[4:24, 6:14] = 0
    Image.fromarray(page).save(tmp_path / "a.png")
    (raw,) = predict_pictures(bundled, [tmp_path / "a.png"], raw=True)
    (prepared,) = predict_pictures(bundled, [tmp_path / "a.png"])
    assert isinstance(raw, Prediction)
    assert isinstance(prepared, Prediction)
    assert (raw.picture.is_inverted, raw.picture.crop) == (False, (0, 0, 56, 56))
    assert prepared.picture.is_inverted
    np.testing.assert_array_equal(raw.outputs, bundled.predict(raw.picture.image[None])[0])


def test_numbers_are_no_picture() -> None:
    data = nnfang.Dataset(
        "rows", np.eye(6, dtype=np.float32), np.arange(6) % 2, np.eye(6, dtype=np.float32), np.arange(6) % 2, ("a", "b")
    )
    recipe = nnfang.Recipe(layers=(nnfang.Dense(2, "softmax"),), epochs=1, validation_split=0)
    with pytest.raises(
        NnfangError, match=r"^this network's inputs are 6 numbers, not a picture of a height and a width$"
    ):
        nnfang.fit(recipe, data).predict_pictures(["sample:7"])
