"""What a network made of each image of a split."""

from pathlib import Path

import numpy as np
import pytest

from nnfang.runs import checkpoint, session
from nnfang.runs.evaluation import Split, evaluate_classifier
from tests.shades import RECIPE, make_shades

DATA = make_shades(60, 2)


@pytest.mark.parametrize(("split", "images"), [("test", 9), ("validation", 18), ("train", 42)])
def test_each_image_has_the_class_of_its_largest_output(split: Split, images: int, tmp_path: Path) -> None:
    with session.start(RECIPE, DATA, tmp_path / "run") as training:
        for _ in training:
            pass
    trained = checkpoint.load(tmp_path / "run" / "best.npz")
    found = evaluate_classifier(trained, DATA, split)
    outputs = trained.predict(found.images[found.rows])
    np.testing.assert_allclose(found.outputs, outputs, rtol=1e-5)
    assert found.predicted.tolist() == [int(np.argmax(row)) for row in outputs]
    counts = np.zeros((3, 3), int)
    np.add.at(counts, (found.labels, found.predicted), 1)
    np.testing.assert_array_equal(found.evaluation.confusion, counts)
    assert (len(found.rows), found.evaluation.n) == (images, images)
