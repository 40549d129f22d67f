"""What is in the page of a network; what it does is in test_page_browser.py."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from nnfang.core.layers import Dense
from nnfang.data import load
from nnfang.errors import DataError
from nnfang.exports import Settings, encode
from nnfang.exports.page import weights
from nnfang.exports.page.document import ASSETS, SCRIPTS, to_json
from nnfang.exports.page.sheet import balance
from nnfang.runs.bundled import NETWORK
from nnfang.runs.checkpoint import load as load_checkpoint
from tests.exports.networks import make_checkpoint

MOST_LINES = 300
DIGITS = tuple("0123456789")


def facts_of(page: bytes) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="network">(.*?)</script>', page.decode(), re.DOTALL)
    assert found
    facts: dict[str, object] = json.loads(found[1])
    return facts


def test_the_page_of_the_papers_network_is_small() -> None:
    checkpoint = load_checkpoint(NETWORK)
    page = encode(checkpoint, "html", Settings())
    assert len(page) < 1_000_000
    assert facts_of(page)["dtype"] == "float32"
    assert len(encode(checkpoint, "html", Settings(learn=load("mnist-sample")))) < 1_400_000
    assert b"http://" not in page.replace(b"http://www.w3.org/2000/svg", b"")
    assert b"https://" not in page


def test_names_cannot_leave_their_element() -> None:
    hostile = ("</script><img src=x onerror=alert(1)>", "\u2028&\u202e", "<!--<script>")
    page = encode(make_checkpoint((Dense(3, "softmax"),), (4, 4), hostile), "html", Settings()).decode()
    assert page.count("</script>") == 3
    assert "onerror=alert(1)>" not in page
    assert facts_of(page.encode())["classes"] == [hostile[0], "\\u2028&\\u202e", hostile[2]]
    assert json.loads(to_json({"x": "</a>\u2028"})) == {"x": "</a>\u2028"}


def test_large_networks_have_half_precision_where_nothing_is_lost() -> None:
    layers = (Dense(200, "relu"), Dense(10, "softmax"))
    gentle = make_checkpoint(layers, (28, 28), DIGITS)
    gentle.network.theta[...] /= 8
    text, told = weights.encode_weights(gentle, None)
    assert told["dtype"] == "float16"
    assert 0 < float(told["change"]) < weights.LARGEST_CHANGE
    assert len(b64decode(text)) == 2 * gentle.network.theta.size
    gentle.network.theta[...] *= 80
    assert weights.encode_weights(gentle, None)[1] == {"dtype": "float32", "change": 0.0}


def test_the_sheet_has_as_many_images_of_each_class() -> None:
    data = load("mnist-sample")
    page = encode(load_checkpoint(NETWORK), "html", Settings(learn=data)).decode()
    found = re.search(r'id="sheet">(.*?)</script>', page)
    assert found
    with Image.open(BytesIO(b64decode(found[1]))) as sheet:
        rows = np.asarray(sheet)
    first = balance(data.y_train, 1000)
    np.testing.assert_array_equal(rows[:1000], data.x_train[first].reshape(1000, -1))
    assert set(np.bincount(data.y_train[first])) == {100}
    assert len(rows) == 1200


def test_images_of_another_kind_are_refused() -> None:
    other = make_checkpoint((Dense(10, "softmax"),), (5, 5), DIGITS)
    with pytest.raises(DataError, match="its images are not of the shape"):
        encode(other, "html", Settings(learn=load("mnist-sample")))


def test_scripts_are_small_and_all_of_them_are_in_the_page() -> None:
    files = {path.relative_to(ASSETS).with_suffix("").as_posix(): path for path in ASSETS.rglob("*.js")}
    assert set(files) == set(SCRIPTS)
    for path in files.values():
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= MOST_LINES, path
        assert not any(re.match(r"\s*(var |eval\()|.*innerHTML", line) for line in lines), path
