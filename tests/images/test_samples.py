"""The pictures that come with nnfang."""

import io

import pytest
from PIL import Image

from nnfang import images
from nnfang.errors import PictureError
from nnfang.images.samples import FOLDER, SAMPLES, find_sample
from tests.images.samples import DRAWN_BY, draw_samples


def test_each_sample_has_a_name_a_file_and_a_description() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == [sample.file for sample in SAMPLES.values()]
    assert list(SAMPLES) == list(DRAWN_BY) == list("0123456789")
    assert len({sample.description for sample in SAMPLES.values()}) == len(SAMPLES)
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 300_000


def test_the_samples_are_pictures_of_several_formats_and_modes() -> None:
    formats, modes, has_exif = set(), set(), []
    for name in SAMPLES:
        with Image.open(find_sample(f"sample:{name}")) as picture:
            formats.add(picture.format)
            modes.add(picture.mode)
            has_exif.append(bool(picture.getexif()))
    assert formats == {"JPEG", "PNG"}
    assert modes == {"RGB", "RGBA"}
    assert has_exif.count(True) == 1


def test_the_samples_are_reproducible() -> None:
    for name, content in draw_samples().items():
        drawn, shipped = (
            images.load(source, (28, 28), "digit") for source in (io.BytesIO(content), find_sample(f"sample:{name}"))
        )
        assert abs(drawn.astype(int) - shipped).mean() < 3, name  # another version of Pillow may encode differently


@pytest.mark.parametrize("name", ["sample:", "sample:10", "sample:seven", "sample:../samples/7"])
def test_an_unknown_sample_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(PictureError, match=r"no such sample\. Known: sample:0, sample:1"):
        find_sample(name)
