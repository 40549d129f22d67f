from pathlib import Path

import pytest

from nnfang.errors import PictureError
from nnfang.images import find_pictures


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty files, for finding them does not open them."""
    names = "10.png 2.PNG b.jpg notes.txt data.h5 .hidden.png .git/a.png sub/3.gif sub/deep/1.bmp x[1].png"
    for name in names.split():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.png").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["b.jpg", "10.png", "b.jpg"], ["b.jpg", "10.png", "b.jpg"]),
        (["notes.txt"], ["notes.txt"]),
        (["."], ["2.PNG", "10.png", "b.jpg", "sub/3.gif", "sub/deep/1.bmp", "x[1].png"]),
        (["sub", "2.PNG"], ["sub/3.gif", "sub/deep/1.bmp", "2.PNG"]),
        (["[0-9]*.*"], ["2.PNG", "10.png"]),
        (["s*"], ["sub/3.gif", "sub/deep/1.bmp"]),
        (["**/*.bmp"], ["sub/deep/1.bmp"]),
        (["x[1].png"], ["x[1].png"]),
        (["sub/../s*/3.gif"], ["sub/../sub/3.gif"]),
        ([".h*"], [".hidden.png"]),
    ],
)
def test_pictures_are_found_in_order(arguments: list[str], found: list[str], folder: Path) -> None:
    assert [path.as_posix() for path in find_pictures(arguments)] == found


def test_nested_pictures_are_in_natural_order(tmp_path: Path) -> None:
    names = ["2/9.png", "2/10.png", "2/B.png", "2/b.png", "10/1.png", "b/c.png"]
    for name in reversed(names):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.relative_to(tmp_path).as_posix() for path in find_pictures([str(tmp_path)])] == names


def test_absolute_patterns(folder: Path) -> None:
    assert list(find_pictures([str(folder / "1*.png")])) == [folder / "10.png"]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("no.png", "no.png: there is no such file or folder"),
        ("*/*.png", "*/*.png: no file matches this pattern"),
        ("*.webp", "*.webp: no file matches this pattern"),
        ("empty", "empty: a folder without pictures"),
        ("x" * 300, f"{'x' * 300}: cannot be read: file name too long"),
    ],
)
def test_nothing_found_says_where(argument: str, message: str, folder: Path) -> None:
    found = find_pictures(["b.jpg", argument])
    assert next(found) == Path("b.jpg")
    with pytest.raises(PictureError) as error:
        next(found)
    assert str(error.value) == message


def test_links_that_lead_in_circles_are_not_followed(folder: Path) -> None:
    for name in ("a", "b", "sub/c"):
        (folder / name).symlink_to(folder, target_is_directory=True)
    (folder / "self.png").symlink_to("self.png")
    expected = ["sub/3.gif", "sub/deep/1.bmp"]
    assert [path.as_posix() for path in find_pictures(["sub"])] == expected
    assert [path.as_posix() for path in find_pictures(["**/*.bmp", "**/*.gif"])] == expected[::-1]
    with pytest.raises(PictureError, match="no such file"):
        list(find_pictures(["self.png"]))
