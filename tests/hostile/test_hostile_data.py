import gzip
import io
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnfang.data.formats.idx import IDX_NAMES
from tests.hostile.measured import refused


def idx(shape: tuple[int, ...], content: bytes) -> bytes:
    return b"\0\0\x08" + bytes([len(shape)]) + np.array(shape, ">u4").tobytes() + content


def write_folder(folder: Path, **changes: bytes) -> None:
    """A data set of four small images, with other files in the place of some."""
    folder.mkdir()
    for name in IDX_NAMES:
        good = idx((4,), bytes(range(4))) if "labels" in name else idx((4, 28, 28), bytes(4 * 784))
        (folder / name).write_bytes(changes.get(name.partition("-idx")[0].replace("-", "_"), good))


def expand(size: int) -> bytes:
    """A gzip of so many bytes in steps, for which nobody here needs the memory either."""
    packed = io.BytesIO()
    with gzip.open(packed, "wb", compresslevel=1) as file:
        file.write(idx((size // 784, 28, 28), b""))
        for _ in range(size // 2**20):
            file.write(bytes(2**20))
    return packed.getvalue()


FOLDERS: dict[str, tuple[dict[str, Callable[[], bytes]], str]] = {
    "wrong magic": ({"train_images": lambda: b"GIF89a"}, "not an IDX file"),
    "lengths that disagree": ({"train_images": lambda: idx((3, 28, 28), bytes(3 * 784))}, "3 images, but 4 labels"),
    "sizes that disagree": ({"t10k_images": lambda: idx((4, 27, 28), bytes(4 * 27 * 28))}, "but the test images"),
    "labels out of range": ({"t10k_labels": lambda: idx((4,), b"\0\1\2\xff")}, r"found 10, but \S+ has 256 classes"),
    "a label that nothing was trained on": ({"train_labels": lambda: idx((4,), bytes(4))}, r"has 4 classes"),
    "a header of four gigabytes": ({"train_images": lambda: idx((2**32 - 1, 1, 1), b"x")}, "the file ends before"),
    "a header of more than memory": ({"train_images": lambda: idx((2**32 - 1,) * 3, b"x")}, "the file ends before"),
    "a header of nothing": ({"train_images": lambda: idx((0, 2**32 - 1, 2**32 - 1), b"")}, "no data"),
    "a gzip that ends early": (
        {"train_images": lambda: gzip.compress(idx((4, 28, 28), bytes(3136)))[:-12]},
        "too early",
    ),
    "a gzip that expands without end": ({"train_images": lambda: expand(1 << 30)}, "would expand to"),
    "a gzip of many empty members": (
        {"train_images": lambda: gzip.compress(idx((4, 28, 28), b"")) + gzip.compress(b"") * 50_000},
        "the file ends before",
    ),
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_hostile_folder_is_refused(kind: str, tmp_path: Path) -> None:
    changes, reason = FOLDERS[kind]
    write_folder(tmp_path / "data", **{name: make() for name, make in changes.items()})
    code = 2 if "classes" in reason else 5  # the network does not fit the data
    ten = ("--set", "layers[2].units=10")  # asked for, and so not sized by the labels
    message = refused(code, tmp_path, "train", "--dataset", "data", "-o", "run", *ten)
    assert re.search(reason, message), message
    assert not (tmp_path / "run").exists()


def header(shape: str, descr: str = "'|u1'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


ARCHIVES: dict[str, Callable[[], tuple[bytes, int]]] = {
    "a member of a terabyte": lambda: (header("(1000000000000,)"), 0),
    "a member of more than Python counts": lambda: (header(f"({'9' * 4000},)"), 0),
    "a negative member": lambda: (header("(-1, 5)"), 0),
    "objects": lambda: (header("(3,)", "'|O'"), 100),
    "records": lambda: (header("(3,)", "[('a', '|O'), ('b', '<f8')]"), 100),
    "a pickle": lambda: (b"cos\nsystem\n(S'touch ran'\ntR.", 0),
    "a call for a header": lambda: (header("__import__('os').system('touch ran')"), 0),
    "a deep header": lambda: (header("(" * 9000), 0),
    "a bomb": lambda: (header("(1000, 1024, 1024)"), 1000 * 2**20),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_hostile_archive_is_refused(kind: str, tmp_path: Path) -> None:
    head, size = ARCHIVES[kind]()
    with zipfile.ZipFile(tmp_path / "data.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in ("x_train", "y_train", "x_test", "y_test"):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                member.write(head)
                for _ in range(0, size if name == "x_train" else 0, 2**20):
                    member.write(bytes(min(size, 2**20)))
    message = refused(5, tmp_path, "train", "--dataset", "data.npz", "-o", "run")
    assert message.startswith("data.npz: ")
    assert len(message) < 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.npz"]


@pytest.mark.parametrize("path", ["/dev/zero", "pipe", "loop", "classes"])
def test_what_is_no_data_set_is_refused(path: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for part in ("train", "test"):
        (tmp_path / "classes" / part / "a").mkdir(parents=True)
        os.mkfifo(tmp_path / "classes" / part / "a" / "pipe.png")
    refused(5, tmp_path, "train", "--dataset", path)
