"""Rounding to 8 bits is as exact as 8 bits can be, and what it costs is told as it is."""

import numpy as np
import pytest

from nnfang.data import Dataset, load
from nnfang.errors import DataError
from nnfang.exports import Settings, encode
from nnfang.exports.int8 import round_weights
from nnfang.exports.vectors import make_vectors
from nnfang.runs.bundled import NETWORK
from nnfang.runs.checkpoint import load as load_checkpoint
from tests.exports.variety import VARIETY, make_checkpoint


@pytest.mark.parametrize("kind", VARIETY)
def test_no_weight_moves_by_more_than_half_a_step(kind: str) -> None:
    checkpoint = make_checkpoint(kind)
    rounded = round_weights(checkpoint, None)
    parameters = list(filter(None, checkpoint.network.parameters))
    assert len(rounded.layers) == len(parameters)
    for layer, (W, b), (W_after, b_after) in zip(
        rounded.layers, parameters, filter(None, rounded.network.parameters), strict=True
    ):
        assert layer.q.dtype == np.int8
        assert layer.s.dtype == W.dtype
        np.testing.assert_array_equal(np.abs(layer.q.astype(int)).max(axis=1), 127)
        assert (np.abs(W - W_after) <= layer.s[:, None] * 0.5001).all()
        np.testing.assert_allclose(W_after, layer.s[:, None] * layer.q, rtol=1e-6)
        np.testing.assert_array_equal(b, b_after)


def test_units_without_weights_stay_so() -> None:
    checkpoint = make_checkpoint("output alone")
    W, _ = checkpoint.network.parameters[0]
    W[2], W[3] = 0, np.float32(1e-45)
    with np.errstate(all="raise", under="ignore"):
        rounded = round_weights(checkpoint, None)
    assert not rounded.layers[0].q[2:4].any()
    assert rounded.layers[0].s[2] == 1
    assert np.isfinite(rounded.network.theta).all()


def test_what_changes_is_what_one_finds() -> None:
    checkpoint, data = load_checkpoint(NETWORK), load("mnist-sample")
    rounded = round_weights(checkpoint, data)
    vectors, tests = rounded.changes
    for change, images in ((vectors, make_vectors((28, 28), 1000)), (tests, data.x_test)):
        before, after = checkpoint.predict(images), rounded.network.predict(images)
        assert change.largest == np.abs(before - after).max() > 0
        assert change.labels == (before.argmax(axis=1) != after.argmax(axis=1)).sum()
    assert vectors.accuracy is None
    assert tests.accuracy == tuple(
        (network.predict(data.x_test).argmax(axis=1) == data.y_test).mean()
        for network in (checkpoint.network, rounded.network)
    )
    assert min(tests.accuracy) > 0.98
    source = encode(checkpoint, "c", Settings(int8=rounded)).decode()
    head = " ".join(source.partition("*/")[0].split())
    assert f"int8 {vectors}" in head
    assert f"int8 {tests}" in head
    assert str(tests).startswith("2,000 test images of mnist-sample: 99.")
    assert "110,800 bytes of constants, such as flash; 1,280 bytes of the stack" in head


def test_a_score_is_called_one() -> None:
    assert "largest change of a score" in str(round_weights(make_checkpoint("scores"), None).changes[0])


def test_images_of_another_kind_are_refused() -> None:
    data = load("mnist-sample")
    with pytest.raises(DataError, match="the network was trained on"):
        round_weights(make_checkpoint("features"), data)


def test_the_folder_of_a_data_set_is_not_told() -> None:
    data = load("mnist-sample")
    own = Dataset("/home/me/secret/x.npz", data.x_test, data.y_test, data.x_test, data.y_test, data.class_names)
    assert "of x.npz: " in str(round_weights(load_checkpoint(NETWORK), own).changes[1])
