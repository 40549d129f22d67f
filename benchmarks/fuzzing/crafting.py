"""Checkpoints that are whole, with checksums that are right, and say what no training says."""

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Members = dict[str, npt.NDArray[Any]]
Change = Callable[[Members, dict[str, Any]], None]

VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        -1,
        0,
        1,
        2,
        3,
        7,
        41,
        42,
        43,
        2**31,
        2**53,
        2**63,
        -(2**63),
        2**64,
        10**400,
        0.5,
        -0.5,
        1e308,
    ),
    *(
        "",
        "x",
        "mnist-sample",
        "mnist",
        "auto",
        "batch",
        "online",
        "digit",
        "\0",
        "\x1b[31m",
        "x" * 6000,
        "../x",
        "0" * 16,
    ),
    *([], {}, [0], [[]], [1, 1], [4, 4], [16], {"": ""}, {"type": "sgd"}, {"type": "adam"}, {"type": "dropout"}),
]
NUMBERS = [0.0, -0.0, 1.0, -1.0, 1e-45, 1e30, -1e30, 3e38, float("inf"), float("nan")]


def crafted(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of the seeds with one to four changes to its meta or its arrays."""
    anything = st.sampled_from(VALUES) | st.integers() | st.floats() | st.text(max_size=9)
    change = st.one_of(
        st.builds(_set_value, st.integers(0, 2**16), anything),
        st.builds(_set_value, st.integers(0, 2**16), anything),
        st.builds(_remove_key, st.integers(0, 2**16)),
        st.builds(_move, st.sampled_from([0, 1, 2, 3, 9, 2**40]), st.integers(0, 100), st.integers(0, 60)),
        st.builds(_set_layers, st.lists(st.sampled_from([1, 2, 3, 4, 0, 10**5, 10**9]), max_size=6)),
        st.builds(_fill, st.integers(0, 99), st.integers(0, 2**16), st.sampled_from(NUMBERS)),
        st.builds(_retype, st.integers(0, 99), st.sampled_from(["<f8", "<f4", "<i8", "|u1", "|S3", "<U2", ">f4", "?"])),
        st.builds(_reshape, st.integers(0, 99), st.sampled_from([(-1,), (1, -1), (-1, 1), (0,)])),
        st.builds(_drop, st.integers(0, 99)),
    )
    return st.builds(_apply, st.sampled_from(seeds), st.lists(change, min_size=1, max_size=4))


def _apply(seed: bytes, changes: Sequence[Change]) -> bytes:
    with np.load(io.BytesIO(seed), allow_pickle=False) as file:
        members: Members = dict(file)
    is_text = members["meta"].dtype.kind == "U"
    meta = json.loads(str(members["meta"]) if is_text else members["meta"].tobytes())
    for change in changes:
        change(members, meta)
    theta = b"".join(array.tobytes(order="F") for name, array in members.items() if name.startswith("layers."))
    meta["theta_sha256"] = hashlib.sha256(theta).hexdigest()
    text = json.dumps(meta)
    members["meta"] = np.array(text) if is_text else np.frombuffer(text.encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **members)
    return file.getvalue()


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Each dict or list in a tree with each of its keys."""
    inner = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    return [(tree, key) for key, _ in inner] + [place for _, value in inner for place in _places(value)]


def _set_value(at: int, value: Any) -> Change:
    def change(members: Members, meta: dict[str, Any]) -> None:
        places = _places(meta)
        tree, key = places[at % len(places)] if places else (meta, "epoch")
        tree[key] = json.loads(json.dumps(value))

    return change


def _remove_key(at: int) -> Change:
    def change(members: Members, meta: dict[str, Any]) -> None:
        places = _places(meta)
        if places:
            tree, key = places[at % len(places)]
            del tree[key]

    return change


def _move(epochs: int, step: int, seen: int) -> Change:
    """A position that contradicts nothing in the file."""

    def change(members: Members, meta: dict[str, Any]) -> None:
        columns = [name for name in members if name.startswith("history.")]
        kept = min(epochs, 9)
        for name in columns:
            members[name] = np.resize(members[name], kept)
        if "history.epoch" in members:
            members["history.epoch"] = np.arange(1, kept + 1)
        meta |= {"epoch": epochs, "step": step, "is_final": meta.get("is_final") if epochs == kept else True}
        meta["position"] = {"epoch": epochs, "step": step, "seen": seen, "right": seen // 2}

    return change


def _set_layers(units: Sequence[int]) -> Change:
    """Layers that fit the weights or do not; 0 units stand for dropout."""

    def change(members: Members, meta: dict[str, Any]) -> None:
        config = meta.get("config")
        if isinstance(config, dict) and isinstance(config.get("layers"), list):
            layers: list[Any] = [{"type": "dense", "units": n} if n else {"type": "dropout"} for n in units]
            config["layers"] = layers + config["layers"][len(layers) // 2 :]

    return change


def _choose(members: Members, at: int) -> str:
    names = [name for name in members if name != "meta"] or ["meta"]
    return names[at % len(names)]


def _fill(at: int, place: int, number: float) -> Change:
    def change(members: Members, meta: dict[str, Any]) -> None:
        name = _choose(members, at)
        array = members[name].copy()
        if array.size and array.dtype.kind == "f":
            array.flat[place % array.size] = number
        members[name] = array

    return change


def _retype(at: int, dtype: str) -> Change:
    def change(members: Members, meta: dict[str, Any]) -> None:
        name = _choose(members, at)
        members[name] = np.ones(members[name].shape).astype(dtype)

    return change


def _reshape(at: int, shape: tuple[int, ...]) -> Change:
    def change(members: Members, meta: dict[str, Any]) -> None:
        name = _choose(members, at)
        members[name] = members[name].reshape(shape) if -1 in shape else members[name].ravel()[:0]

    return change


def _drop(at: int) -> Change:
    def change(members: Members, meta: dict[str, Any]) -> None:
        members.pop(_choose(members, at), None)

    return change
