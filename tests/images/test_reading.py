import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnfang import images
from nnfang.errors import PictureError
from nnfang.images import Grey, prepare, read_picture, reading
from nnfang.images.reading import decode
from tests.images.pages import MNIST_SHAPE, colour, difference, draw, load, save

# Files, modes, colours


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_mode(mode: str, digit: Grey, tmp_path: Path) -> None:
    page = 255 - draw(digit)
    if mode == "I;16":
        picture = Image.fromarray(page.astype(np.uint16) * 257)
    else:
        via = "LA" if mode == "PA" else "L"
        picture = Image.fromarray(page).convert(via).convert(mode)
    assert picture.mode == mode
    if mode == "PA":  # which Pillow reads from no file format
        image = prepare(decode(picture).grey, MNIST_SHAPE, "digit")
    else:
        image = load(save(tmp_path / "page.tiff", picture))
    assert difference(image, digit) < 10


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.bmp", "a.webp", "a.tiff", "a.pgm", "without-suffix"])
def test_formats_are_known_by_content(name: str, digit: Grey, tmp_path: Path) -> None:
    form = {"format": "PNG"} if "." not in name else {}
    assert difference(load(save(tmp_path / name, 255 - draw(digit), **form)), digit) < 10


@pytest.mark.parametrize("white", [4095, 65535])
def test_sixteen_bits_are_scaled_by_their_own_white(white: int, tmp_path: Path) -> None:
    values = np.array([[0, white // 2, white]], np.uint16)
    assert read_picture(save(tmp_path / "a.png", values)).tolist() == [[0, 127, 255]]


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([0, 0.5, 1], [0, 128, 255]),
        ([0, 51, 255], [0, 51, 255]),
        ([-1, 0, 1], [0, 128, 255]),
        ([0, 5e5, 1e6], [0, 128, 255]),
    ],
)
def test_floats_are_scaled_by_their_own_range(values: list[float], levels: list[int], tmp_path: Path) -> None:
    path = save(tmp_path / "a.tiff", np.array([values], np.float32))
    assert read_picture(path).tolist() == [levels]


def test_first_frame_of_an_animation(digits: Grey, tmp_path: Path) -> None:
    first, second = map(Image.fromarray, digits[:2])
    path = save(tmp_path / "a.gif", first, save_all=True, append_images=[second])
    np.testing.assert_array_equal(load(path), digits[0])


@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp"])
def test_exif_orientation_is_applied(
    suffix: str, orientation: int, stored: Image.Transpose, digit: Grey, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = Image.fromarray(255 - draw(digit)).transpose(stored)
    path = save(tmp_path / f"a.{suffix}", turned, exif=exif)
    assert read_picture(path).shape == (150, 200)
    assert difference(load(path), digit) < 10


@pytest.mark.parametrize("exif", [b"nonsense", b"MM\0\x2a\0\0\0\x08\0\x05\x01\x12"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_damaged_orientation_is_ignored(exif: bytes, digit: Grey, tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", 255 - draw(digit), exif=b"Exif\0\0" + exif)
    assert difference(load(path), digit) < 10


@pytest.mark.parametrize(
    ("paper", "ink"),
    [
        ((255, 255, 255), (30, 40, 160)),
        ((250, 240, 150), (120, 60, 20)),
        ((40, 40, 90), (250, 220, 60)),
        ((70, 70, 200), (200, 30, 30)),  # the same brightness
        ((90, 160, 40), (200, 105, 60)),  # the same brightness
    ],
)
def test_coloured_ink_on_coloured_paper(
    paper: tuple[int, ...], ink: tuple[int, ...], digit: Grey, tmp_path: Path
) -> None:
    page = colour(draw(digit), paper, ink)
    assert difference(load(save(tmp_path / "a.png", page)), digit) < 10
    assert difference(load(save(tmp_path / "a.jpg", page, quality=60)), digit) < 18


def test_brightness_is_that_of_bt_601(tmp_path: Path) -> None:
    for rgb, level in [((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)]:
        assert read_picture(save(tmp_path / "a.png", Image.new("RGB", (1, 1), rgb))).tolist() == [[level]]


# Transparency


@pytest.mark.parametrize("ink", [(0, 0, 0), (255, 255, 255), (200, 30, 30), (250, 230, 90)])
def test_transparent_paper_contrasts_with_ink(ink: tuple[int, ...], digit: Grey, tmp_path: Path) -> None:
    page = draw(digit)
    rgba = np.dstack([np.broadcast_to(np.array(ink, np.uint8), (*page.shape, 3)), page])
    assert difference(load(save(tmp_path / "a.png", rgba)), digit) < 10


@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (0, 255)])
def test_transparent_margin_continues_the_paper(paper: int, ink: int, digit: Grey, tmp_path: Path) -> None:
    grey = colour(draw(digit), (paper,), (ink,))
    opaque = np.zeros_like(grey)
    opaque[12:-12, 12:-12] = 255
    assert difference(load(save(tmp_path / "a.png", np.dstack([grey, opaque]))), digit) < 10


def test_transparent_colour_of_a_palette(digit: Grey, tmp_path: Path) -> None:
    picture = Image.fromarray((draw(digit) > 127).astype(np.uint8))
    picture.putpalette([0, 0, 0, 0, 0, 0])  # black ink on black that is transparent
    assert difference(load(save(tmp_path / "a.gif", picture, transparency=0)), digit) < 14


# Large pictures


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_a_large_picture_is_averaged_in_any_mode(
    mode: str, digit: Grey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_PIXELS", 10_000)  # of 30,000
    page = 255 - draw(digit)
    deep = Image.fromarray(page.astype(np.uint16) * 257)
    picture = deep if mode == "I;16" else Image.fromarray(page).convert("L").convert(mode)
    path = save(tmp_path / "a.tiff", picture)
    assert read_picture(path).shape == (75, 100)
    assert difference(load(path), digit) < 12


@pytest.mark.parametrize("size", [(1, 90_000), (90_000, 1), (301, 299)])
@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff"])
def test_a_large_picture_of_any_shape_is_averaged(
    suffix: str, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if suffix == "jpg" and max(size) > 65_500:
        size = min(size[0], 60_000), min(size[1], 60_000)
    monkeypatch.setattr(reading, "MAX_PIXELS", 10_000)
    dtype = np.uint16 if suffix == "tiff" else np.uint8
    assert np.ptp(read_picture(save(tmp_path / f"a.{suffix}", np.full(size[::-1], 255, dtype)))) == 0


def test_a_large_jpeg_stays_upright(digit: Grey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_PIXELS", 10_000)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray(255 - draw(digit)).transpose(Image.Transpose.ROTATE_90)
    assert difference(load(save(tmp_path / "a.jpg", turned, exif=exif, quality=95)), digit) < 15


@pytest.mark.parametrize(("suffix", "orientation"), [("png", 1), ("jpg", 1), ("jpg", 6), ("tiff", 8)])
@pytest.mark.parametrize("side", [400, 3000, 5000])
def test_crop_and_scale_are_in_pixels_of_the_file(suffix: str, orientation: int, side: int, tmp_path: Path) -> None:
    page = np.full((side, side * 5 // 4), 230, np.uint8)
    page[side // 8 : side * 5 // 8, side // 2 : side * 3 // 4] = 20
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / f"page.{suffix}", np.rot90(page, {1: 0, 6: 1, 8: 3}[orientation]), exif=exif)
    done = images.load_prepared(path, MNIST_SHAPE, "digit")
    np.testing.assert_allclose(done.crop, (side // 2, side // 8, side * 3 // 4, side * 5 // 8), atol=side / 100)
    assert done.scale == pytest.approx(20 / (side / 2), rel=0.05)


# What is not a picture


def bmp_header(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, *[0] * 6)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"hello", "not a picture (it begins with 'hello')"),
        (b"\0\xff\n" * 20, r"not a picture (it begins with '\x00\xff\n\x00\xff\n\x00\xff\n\x00\xff\n')"),
        (b"", "empty: zero bytes"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "in the HEIF format, which cannot be read here; save it as JPEG or PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n", "in the format EPS, which cannot be read here"),
        (bmp_header(30_000, 30_000), "too large: more than 178 megapixels"),
        (bmp_header(10_001, 5_000), "too large: 10001x5000 pixels, at most 50 megapixels"),
        (bmp_header(10, 10), "cannot be decoded: image file is truncated (0 bytes not processed)"),
    ],
)
def test_what_is_not_a_picture_says_why(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "digit.png"
    path.write_bytes(content)
    with pytest.raises(PictureError) as error:
        load(path)
    assert str(error.value) == f"{path}: {reason}"
    with pytest.raises(PictureError) as error:
        images.load(io.BytesIO(content), MNIST_SHAPE, "digit", name="standard input")
    assert str(error.value) == f"standard input: {reason}"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"no\.png: there is no such file$"):
        load(tmp_path / "no.png")
    with pytest.raises(PictureError, match=r": a folder, not a picture$"):
        load(tmp_path)


def test_a_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.png").touch()
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PictureError, match=r"a\.png: cannot be read: permission denied$"):
        load(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "tiff", "webp", "bmp"])
def test_files_cut_off_anywhere_are_refused_or_read(suffix: str, digit: Grey, tmp_path: Path) -> None:
    whole = save(tmp_path / f"a.{suffix}", 255 - draw(digit)).read_bytes()
    for length in range(1, len(whole), len(whole) // 23):
        try:
            images.load(io.BytesIO(whole[:length]), MNIST_SHAPE, "digit")
        except PictureError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017 - some formats can do without their end


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tiff", np.array([[0, np.nan, 1]], np.float32))
    with pytest.raises(PictureError, match="not finite"):
        load(path)


def test_a_pipe_can_be_read_and_stays_open(digit: Grey, tmp_path: Path) -> None:
    content = save(tmp_path / "a.png", digit).read_bytes()
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        np.testing.assert_array_equal(images.load(pipe, MNIST_SHAPE, "digit"), digit)
        assert not pipe.closed


# Animations and pages


@pytest.mark.parametrize("name", ["a.gif", "a.tiff", "a.webp", "a.png"])
@pytest.mark.parametrize("frames", [1, 3])
def test_of_several_frames_the_first_is_taken_and_that_is_said(
    name: str, frames: int, digit: Grey, tmp_path: Path
) -> None:
    first, *others = (Image.fromarray(255 - np.roll(draw(digit), 9 * shift, axis=1)) for shift in range(frames))
    first.save(tmp_path / name, save_all=frames > 1, append_images=others)
    prepared = images.load_prepared(tmp_path / name, MNIST_SHAPE, "digit")
    assert (images.FIRST_FRAME in prepared.warnings) == (frames > 1)
    assert difference(prepared.image, digit) < 10


def test_the_previews_of_a_camera_are_no_frames(digit: Grey, tmp_path: Path) -> None:
    page = Image.fromarray(255 - draw(digit))
    page.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[page])
    assert images.FIRST_FRAME not in images.load_prepared(tmp_path / "a.jpg", MNIST_SHAPE, "digit").warnings


def test_a_later_frame_that_is_damaged_does_not_matter(digit: Grey, tmp_path: Path) -> None:
    page = Image.fromarray(255 - draw(digit))
    page.save(tmp_path / "a.gif", save_all=True, append_images=[Image.fromarray(draw(digit))])
    content = (tmp_path / "a.gif").read_bytes()
    (tmp_path / "a.gif").write_bytes(content[: len(content) * 3 // 4])
    assert difference(load(tmp_path / "a.gif"), digit) < 10
