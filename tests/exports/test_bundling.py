"""What is bundled is whole, and keeps what people wrote; what cannot be bundled is refused before it is written."""

from pathlib import Path

import pytest

import nnfang.names
from nnfang.exports.python_file.bundling import bundle
from nnfang.exports.python_file.sources import BundlingError, path_of, read_module

IMAGES = "nnfang.images"


def test_imports_within_functions_are_followed_and_left_out() -> None:
    found = bundle([(f"{IMAGES}.reading", "read")])
    assert "check_ico" in found.modules[f"{IMAGES}.icons"]
    source = found.modules[f"{IMAGES}.reading"]["_open"].source
    assert "nnfang" not in source
    assert "    if signature.startswith(ICO_SIGNATURE):\n        check_ico(file)\n    try:" in source
    assert found.foreign["PngImageFile"] == "from PIL.PngImagePlugin import PngImageFile"


def test_imports_of_others_stay_in_their_function() -> None:
    found = bundle([("nnfang.names", "nearest")])
    assert "from difflib import get_close_matches  #" in found.modules["nnfang.names"]["find_nearest"].source
    assert "get_close_matches" not in found.foreign


def test_only_what_is_needed_is_taken_with_its_docstring_and_in_order() -> None:
    found = bundle([(f"{IMAGES}.arrays", "centre_of_mass"), (f"{IMAGES}.arrays", "bounding_box")])
    assert found.foreign == {"np": "import numpy as np", "npt": "import numpy.typing as npt"}
    ((path, docstring, source),) = found.sections()
    assert path == "nnfang/images/arrays.py"
    assert docstring.startswith("The array types of this package")
    assert [line for line in source.splitlines() if line.startswith(("Grey", "Mask", "Box", "def", '"""'))] == [
        "Grey = npt.NDArray[np.uint8]",
        '"""A greyscale image, (height, width): 0 is black, 255 white."""',
        "Mask = npt.NDArray[np.bool_]",
        '"""Which pixels of an image belong to something, (height, width)."""',
        "Box = tuple[int, int, int, int]",
        '"""Left, top, right, bottom, in pixels; the right column and the bottom row are the first ones outside."""',
        "def bounding_box(mask: Mask) -> Box:",
        "def centre_of_mass(image: Grey) -> tuple[float, float]:",
    ]


def test_comments_for_tools_are_left_out_and_all_others_stay() -> None:
    definitions = bundle([("nnfang.names", "escape")]).modules["nnfang.names"]
    assert "  # noqa" in Path(nnfang.names.__file__).read_text(encoding="utf-8")
    assert "noqa" not in definitions["_escape_character"].source
    assert (
        "  # takes a while to import"
        in bundle([("nnfang.names", "nearest")]).modules["nnfang.names"]["find_nearest"].source
    )


def test_a_module_comes_after_those_that_it_imports() -> None:
    order = list(bundle([(IMAGES, "load_prepared")]).modules)
    for name in order:
        imported = {module for module, _ in read_module(name).imports.values()} & set(order)
        assert all(order.index(other) < order.index(name) for other in imported), name


def test_a_definition_is_replaced_with_all_that_it_needed() -> None:
    name = (f"{IMAGES}.preparation", "PREPARATIONS")
    found = bundle([(IMAGES, "load_prepared")], {name: 'PREPARATIONS = {"plain": prepare_plain}'})
    assert f"{IMAGES}.segmentation" not in found.modules
    assert found.modules[name[0]]["PREPARATIONS"].source == 'PREPARATIONS = {"plain": prepare_plain}'


def test_a_module_is_named_by_its_path() -> None:
    assert path_of("nnfang.names") == "nnfang/names.py"
    assert path_of(IMAGES) == "nnfang/images/__init__.py"


@pytest.mark.parametrize(
    ("roots", "message"),
    [
        ([("nnfang.names", "nothing")], "nnfang.names has no nothing"),
        (
            [("nnfang.core.activations", "relu"), ("nnfang.exports.python_file.program.equations", "relu")],
            "relu is one thing in .*equations, and another in nnfang.core.activations",
        ),
        ([("nnfang.reports.style", "nothing")], "nnfang.reports.style, line .*: a statement that defines no name"),
        (
            [("nnfang.exports.checkpoint", "encode")],
            "nnfang.exports.checkpoint, line .*: what is bundled keeps its name",
        ),
        (
            [("nnfang.runs.pictures", "predict_pictures")],
            "nnfang has no images; what is bundled imports names, not modules",
        ),
    ],
    ids=["no such name", "two things of one name", "a statement", "an import under another name", "a module"],
)
def test_what_cannot_be_bundled_is_refused(roots: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(BundlingError, match=message):
        bundle(roots)
