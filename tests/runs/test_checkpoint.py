"""What is saved is what is loaded, and what is not whole is refused in one line."""

import dataclasses
import hashlib
import io
import json
import os
import re
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from nnfang import __version__
from nnfang.config.schema import to_tree
from nnfang.core.layers import Dense, Dropout, Layer
from nnfang.core.network import Network
from nnfang.core.optimizers import OPTIMIZERS, Adam, Sgd, State
from nnfang.errors import CheckpointError, NnfangError
from nnfang.runs import checkpoint
from nnfang.runs.format import META_BYTES
from nnfang.runs.meta import DatasetRecord, Meta, StateRecord
from nnfang.training.events import Epoch
from nnfang.training.recipe import EarlyStopping, Recipe

Members = dict[str, npt.NDArray[Any]]
LAYERS: tuple[Layer, ...] = (Dense(3), Dropout(0.2), Dense(2, "softmax"))
SIZE = 4 * 3 + 3 + 3 * 2 + 2


def make(recipe: Recipe) -> tuple[Network, Meta, State]:
    """A network of 2x2 images with random weights and a random optimizer state."""
    network = Network.initialize(recipe.layers, 4, seed=1, dtype=recipe.dtype)
    rng = np.random.default_rng(2)
    state = {name: rng.normal(size=SIZE).astype(network.dtype) for name in recipe.optimizer.state_names}
    meta = Meta(
        config=to_tree(recipe),
        input_shape=(2, 2),
        class_names=("nö", "yes"),
        preparation="plain",
        epoch=2,
        step=34,
        history=(
            Epoch(1, 0.1, 0.5, None, None, 0.1, 2.5, 400.0, "0123456789abcdef", is_best=True),
            Epoch(2, 1e-300, 0.5, 0.5, 0.25, 0.1, 2.5, 400.0, "fedcba9876543210", is_best=True),
        ),
        state=StateRecord(epoch=2, step=34, seen=5, correct=3, best_epoch=2, best_value=0.5),
        dataset=DatasetRecord("thirds", "ab", "thirds"),
        environment={"numpy": "2"},
        engine="batch",
    )
    return network, meta, state


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good checkpoint."""
    path = tmp_path / "good.npz"
    checkpoint.save(path, *make(Recipe(layers=LAYERS, optimizer=Adam())))
    return path


def read(path: Path) -> Members:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def meta_in(members: Members) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(members["meta"].tobytes())
    return fields


def refusal(path: Path) -> str:
    """The one-line message about a file, the folder taken off."""
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(path)
    message = str(caught.value)
    assert caught.value.exit_code == 6
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    assert len(message) < 400
    return message.removeprefix(f"{path}: ")


# Round trip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_is_saved_is_loaded_to_the_last_bit(tmp_path: Path, optimizer: str, dtype: str) -> None:
    cls: Any = OPTIMIZERS[optimizer]
    recipe = Recipe(
        dataset="ein Ordner/ü",
        layers=LAYERS,
        optimizer=cls(learning_rate=0.1 + 0.2),
        dtype=dtype,
        early_stopping=EarlyStopping(),
        seed=2**70,
    )
    network, meta, state = make(recipe)
    checkpoint.save(tmp_path / "x.npz", network, meta, state)
    loaded = checkpoint.load(tmp_path / "x.npz")
    assert loaded.network.theta.tobytes() == network.theta.tobytes()
    assert loaded.network.dtype == np.dtype(dtype)
    assert {name: v.tobytes() for name, v in loaded.optimizer_state.items()} == {
        name: v.tobytes() for name, v in state.items()
    }
    assert loaded.recipe == recipe
    assert loaded.meta == msgspec.structs.replace(meta, theta_sha256=network.theta_sha256)
    assert loaded.class_names == ("nö", "yes")
    images = np.random.default_rng(3).integers(0, 256, (5, 2, 2)).astype(np.uint8)
    assert loaded.predict(images).tobytes() == network.predict(images).tobytes()


def test_a_loaded_network_can_be_trained_further(path: Path) -> None:
    loaded = checkpoint.load(path)
    for array in (loaded.network.theta, *loaded.optimizer_state.values()):
        assert array.flags.writeable
        assert array.shape == (SIZE,)
    assert np.shares_memory(loaded.network.theta, loaded.network.parameters[0][0])


def test_saving_twice_gives_the_same_members(tmp_path: Path, path: Path) -> None:
    again = tmp_path / "again.npz"
    loaded = checkpoint.load(path)
    checkpoint.save(again, loaded.network, loaded.meta, loaded.optimizer_state)
    first, second = read(path), read(again)
    assert {name: a.tobytes() for name, a in first.items()} == {name: a.tobytes() for name, a in second.items()}


# Format 2


def test_the_members_are_those_of_format_2(path: Path) -> None:
    members = read(path)
    history = {f"history.{field.name}": (2,) for field in dataclasses.fields(Epoch)}
    assert {name: array.shape for name, array in members.items()} == {
        "meta": (len(members["meta"]),),
        **history,
        "layers.0.weight": (3, 4),
        "layers.0.bias": (3,),
        "layers.1.weight": (2, 3),
        "layers.1.bias": (2,),
        "optimizer.mean": (SIZE,),
        "optimizer.mean_square": (SIZE,),
    }
    numbers = {array.dtype for name, array in members.items() if name.startswith(("layers", "optimizer"))}
    assert numbers == {np.dtype(np.float32)}
    assert [row for row in (checkpoint.__doc__ or "").splitlines() if row.startswith("layers.<i>.weight")]


def test_meta_is_json_that_any_program_can_read(path: Path) -> None:
    meta = meta_in(read(path))
    assert set(meta) == {field.encode_name for field in msgspec.structs.fields(Meta)} - {"history"}
    assert meta["position"]["right"] == 3  # names of the format, whatever they are called here
    assert meta["is_final"] is False
    assert (meta["format"], meta["nnfang"]) == (2, __version__)
    assert meta["config"]["layers"][1] == {"type": "dropout", "rate": 0.2}
    assert re.fullmatch("[0-9a-f]{64}", meta["theta_sha256"])


def test_nothing_is_pickled(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            assert data.startswith(b"\x93NUMPY"), name
            assert np.load(io.BytesIO(data), allow_pickle=False).dtype.hasobject is False


def as_format_1(members: Members, **changes: Any) -> Members:
    """The same checkpoint as it was written before the history had members of its own."""
    columns = {name.removeprefix("history."): members[name].tolist() for name in members if name.startswith("history")}
    history = [
        {key: value.decode() if isinstance(value, bytes) else value for key, value in zip(columns, row, strict=True)}
        for row in zip(*columns.values(), strict=True)
    ]
    history[0] |= {"val_loss": None, "val_accuracy": None}
    meta = json.dumps(meta_in(members) | {"format": 1, "history": history} | changes, ensure_ascii=False)
    return {"meta": np.array(meta)} | {
        name: array for name, array in members.items() if not name.startswith(("history", "meta"))
    }


def test_format_1_says_the_same(path: Path) -> None:
    expected = checkpoint.load(path)
    np.savez(path, allow_pickle=False, **as_format_1(read(path)))
    found = checkpoint.load(path)
    assert found.meta == msgspec.structs.replace(expected.meta, format=1)
    assert found.network.theta.tobytes() == expected.network.theta.tobytes()


EPOCH = dataclasses.asdict(Epoch(1, 0.1, 0.5, None, None, 0.1, 2.5, 400.0, "0" * 16, is_best=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"history": [EPOCH | {"epoch": 10**400}]}, "contradicts itself: history.epoch: an epoch has a value that no"),
        ({"history": [EPOCH | {"epoch": 2**70}]}, "contradicts itself: history.epoch: an epoch has a value that no"),
        ({"history": [EPOCH | {"digest": "0" * 17}]}, "contradicts itself: history.digest: an epoch has a value that"),
        ({"history": [EPOCH | {"digest": "ä" * 16}]}, "contradicts itself: history.digest: an epoch has a value that"),
        ({"history": [EPOCH | {"loss": None}]}, "not a checkpoint, or damaged: Expected `float`, got `null`"),
        ({"history": [EPOCH]}, "contradicts itself: history: 1 epochs, but epoch is 2"),
        ({"history": 3}, "not a checkpoint, or damaged: Expected `array`, got `int`"),
        ({"invented": "x" * META_BYTES}, "what it says about itself has more than 4,194,304 bytes"),
        ({"invented": "x" * 4 * META_BYTES}, "what it says about itself has 671"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_format_1_is_checked_in_the_same_way(path: Path, changes: dict[str, Any], message: str) -> None:
    np.savez(path, allow_pickle=False, **as_format_1(read(path), **changes))
    assert refusal(path).startswith(message)


def test_a_history_of_75_000_epochs_is_small_and_can_be_read(tmp_path: Path) -> None:
    """It once made a file that could not be read again, and was written in full, as UTF-32, at each save."""
    network, meta, state = make(Recipe(layers=LAYERS))
    history = tuple(dataclasses.replace(meta.history[1], epoch=i) for i in range(1, 75_001))
    position = StateRecord(epoch=75_000, step=10**6)
    long = msgspec.structs.replace(meta, epoch=75_000, step=10**6, history=history, state=position)
    checkpoint.save(tmp_path / "long.npz", network, long, state)
    assert (tmp_path / "long.npz").stat().st_size < 75_000 * 85
    assert checkpoint.load(tmp_path / "long.npz").meta.history == history


def test_a_history_that_is_too_long_is_refused_by_its_header(path: Path) -> None:
    """A small file, compressed, once took 640 MB and ten seconds."""
    np.savez_compressed(path, allow_pickle=False, **read(path) | {"history.epoch": np.arange(250_001)})
    assert refusal(path) == "its history is int64 (250001,); at most (250000,) is read"


def test_a_validation_loss_that_is_no_number_is_kept(tmp_path: Path) -> None:
    network, meta, state = make(Recipe(layers=LAYERS))
    for loss in (np.inf, np.nan):
        first, second = meta.history
        bad = msgspec.structs.replace(meta, history=(first, dataclasses.replace(second, val_loss=loss)))
        checkpoint.save(tmp_path / "x.npz", network, bad, state)
        assert repr(checkpoint.load(tmp_path / "x.npz").meta.history) == repr(bad.history)


# Writing


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"class_names": ("x" * 4990,) * 900}, "what it says about itself has 4,4"),
        ({"class_names": ("\udcff", "b")}, "'utf-8' codec can't encode character"),
        ({"class_names": ("a",)}, "1 class names for 2 outputs"),
        ({"preparation": "unknown"}, "Expected `str` matching regex"),
        ({"history": ()}, "history: 0 epochs, but epoch is 2"),
        ({"state": StateRecord(epoch=3, step=34)}, "position.epoch: found 3, but epoch is 2"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_could_not_be_read_again_is_not_written(path: Path, changes: dict[str, Any], message: str) -> None:
    network, meta, state = make(Recipe(layers=LAYERS, optimizer=Adam()))
    before = path.read_bytes()
    with pytest.raises(NnfangError, match="cannot be written, since it could not be read again: ") as caught:
        checkpoint.save(path, network, msgspec.structs.replace(meta, **changes), state)
    assert message in str(caught.value)
    assert path.read_bytes() == before


def test_a_history_that_is_too_long_and_a_weight_that_is_no_number_are_not_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, meta, state = make(Recipe(layers=LAYERS, optimizer=Adam()))
    with monkeypatch.context() as patch:
        patch.setattr("nnfang.runs.history.MOST_EPOCHS", 1)
        with pytest.raises(NnfangError, match="history: 2 epochs; a checkpoint can hold 1"):
            checkpoint.save(path, network, meta, state)
        assert refusal(path).startswith("contradicts itself: history: 2 epochs; a checkpoint can hold 1")
    network.theta[0] = np.nan
    with pytest.raises(NnfangError, match="one of its weights is infinite or not a number"):
        checkpoint.save(path, network, meta, state)


def test_a_state_of_the_optimizer_that_has_overflowed_can_be_continued(tmp_path: Path) -> None:
    """Its squares may overflow while the weights stay finite; such a checkpoint was written, and could not be read."""
    network, meta, state = make(Recipe(layers=LAYERS, optimizer=Adam()))
    state["mean_square"][0] = np.inf
    checkpoint.save(tmp_path / "x.npz", network, meta, state)
    assert checkpoint.load(tmp_path / "x.npz").optimizer_state["mean_square"][0] == np.inf


class Interrupted(BaseException):
    """Neither an error nor foreseen."""


@pytest.mark.parametrize("failure", [Interrupted, OSError(28, "No space left on device"), MemoryError])
@pytest.mark.parametrize("step", [(os, "fsync"), (Path, "replace")])
def test_a_save_that_fails_half_way_leaves_the_old_file_and_no_other(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: tuple[object, str], failure: Any
) -> None:
    before = path.read_bytes()

    def fail(*args: object) -> None:
        raise failure

    monkeypatch.setattr(*step, fail)
    expected = NnfangError if isinstance(failure, OSError) else failure
    with pytest.raises(expected) as caught:
        checkpoint.save(path, *make(Recipe(layers=LAYERS)))
    if expected is NnfangError:
        assert str(caught.value) == f"{path}: cannot be written: No space left on device"
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [*path.parent.iterdir()] == [path]


def test_a_save_leaves_no_other_file_behind(path: Path) -> None:
    checkpoint.save(path, *make(Recipe(layers=LAYERS)))
    assert [*path.parent.iterdir()] == [path]
    assert checkpoint.load(path).recipe.optimizer == Sgd()
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_umask_of_the_process_is_obeyed_and_never_changed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It once was set to 0 for a moment, to read it: files that another thread creates then are open to everybody."""
    previous = os.umask(0o027)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "umask", lambda _: pytest.fail("changes the umask"))
            checkpoint.save(path.with_name("new.npz"), *make(Recipe(layers=LAYERS)))
    finally:
        os.umask(previous)
    assert path.with_name("new.npz").stat().st_mode & 0o777 == 0o640


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "folder.npz"
    folder.mkdir()
    for place in (tmp_path / "none" / "x.npz", folder):
        with pytest.raises(NnfangError, match=re.escape(f"{place}: cannot be written: ")) as caught:
            checkpoint.save(place, *make(Recipe(layers=LAYERS)))
        assert caught.value.exit_code == 1
    assert [*tmp_path.iterdir()] == [folder]


# Refusals of files

FILES: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("empty", lambda _: b"", "not a checkpoint, or damaged: not a whole .npz file"),
    ("text", lambda _: b"epochs: 3\n", "not a checkpoint, or damaged: not a whole .npz file"),
    ("half", lambda data: data[: len(data) // 2], "not a checkpoint, or damaged: "),
    ("all but the last byte", lambda data: data[:-1], "not a checkpoint, or damaged: "),
    ("pickle", lambda _: b"\x80\x04]q\x00.", "not a checkpoint, or damaged: not a whole .npz file"),
]


@pytest.mark.parametrize(("name", "change", "message"), FILES, ids=[name for name, _, _ in FILES])
def test_a_file_that_is_none_is_refused(path: Path, name: str, change: Callable[[bytes], bytes], message: str) -> None:
    path.write_bytes(change(path.read_bytes()))
    assert refusal(path).startswith(message)


def test_a_device_and_a_pipe_without_a_writer_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(CheckpointError, match=r": not a file, and a checkpoint can be read from a file only$"):
            checkpoint.load(path)


def test_an_array_before_the_archive_is_no_checkpoint(path: Path) -> None:
    np.save(bare := io.BytesIO(), np.arange(3))
    path.write_bytes(bare.getvalue() + path.read_bytes())
    with pytest.raises(CheckpointError, match="not a checkpoint, or damaged: "):
        checkpoint.load(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.npz") == "there is no such file"
    assert refusal(tmp_path) == "a folder, not a checkpoint"


def test_no_flipped_bit_gives_other_weights_or_a_traceback(path: Path) -> None:
    good = path.read_bytes()
    loaded = checkpoint.load(path)
    refused = 0
    for i in range(0, len(good), 5):
        path.write_bytes(good[:i] + bytes([good[i] ^ 1 << i % 8]) + good[i + 1 :])
        try:
            changed = checkpoint.load(path)
        except CheckpointError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most bits are noticed, but not all need be
            refused += 1
        else:
            assert changed.network.theta.tobytes() == loaded.network.theta.tobytes()
            assert all(
                np.array_equal(changed.optimizer_state[name], loaded.optimizer_state[name])
                for name in loaded.optimizer_state
            )
    assert refused > len(good) // 5 * 0.8


def test_no_place_to_cut_a_file_gives_a_traceback(path: Path) -> None:
    good = path.read_bytes()
    for size in range(0, len(good), 23):
        path.write_bytes(good[:size])
        assert refusal(path).startswith("not a checkpoint, or damaged: ")


# Refusals of what is in a file: members, with one thing changed


def meta_of(members: Members, **changes: Any) -> npt.NDArray[Any]:
    """The member meta with other fields; None takes one away."""
    fields = meta_in(members) | changes
    return as_bytes(json.dumps({key: value for key, value in fields.items() if value is not None}))


def as_bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def with_config(**changes: Any) -> Callable[[Members], Members]:
    return lambda members: {
        **members,
        "meta": meta_of(members, config=meta_in(members)["config"] | changes),
    }


def with_meta(**changes: Any) -> Callable[[Members], Members]:
    return lambda members: {**members, "meta": meta_of(members, **changes)}


def with_member(name: str, array: Any) -> Callable[[Members], Members]:
    return lambda members: {**members, name: np.asarray(array)}


def with_theta(number: float) -> Callable[[Members], Members]:
    """A weight of this value, and the hash that goes with it."""

    def change(members: Members) -> Members:
        members = {**members, "layers.0.weight": members["layers.0.weight"].copy()}
        members["layers.0.weight"][0, 0] = number
        names = [name for name in members if name.startswith("layers.")]
        theta = b"".join(members[name].tobytes(order="F") for name in names)
        return with_meta(theta_sha256=hashlib.sha256(theta).hexdigest())(members)

    return change


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {key: array for key, array in members.items() if key != name}


HUGE = [{"type": "dense", "units": 10**9}, {"type": "dense", "units": 2, "activation": "softmax"}]
WEIGHT = "layers.0.weight"
CONTENTS: list[tuple[str, Callable[[Members], Members], str]] = [
    (
        "newer format",
        with_meta(format=3),
        f"checkpoint format 3; nnfang {__version__} reads formats 1 and 2. It was written by a newer nnfang: pip inst",
    ),
    ("format far away", with_meta(format=10**99), "checkpoint format 1000000000000000000000000000000000000000000000"),
    ("format that never was", with_meta(format="x"), f'checkpoint format "x"; nnfang {__version__} reads formats 1'),
    ("no format", with_meta(format=None), f"checkpoint format null; nnfang {__version__} reads formats 1 and 2"),
    ("no meta", without("meta"), "not a checkpoint of nnfang: it has no member meta"),
    ("meta is no JSON", with_member("meta", "{"), "not a checkpoint, or damaged: Input data was truncated"),
    ("meta is a number", with_member("meta", 3), "not a checkpoint of nnfang: its member meta is int64 ()"),
    ("meta is a list", with_member("meta", "[]"), "not a checkpoint, or damaged: Expected `object`, got `array`"),
    ("meta is no text", with_member("meta", as_bytes("\xff")), "not a checkpoint, or damaged: "),
    ("meta is long", with_meta(invented="x" * META_BYTES), "what it says about itself has 41"),
    ("meta lacks a field", with_meta(class_names=None), "not a checkpoint, or damaged: Object missing required fie"),
    ("meta has a wrong type", with_meta(epoch="2"), "not a checkpoint, or damaged: Expected `int`, got `str` - at `$."),
    ("no pixels", with_meta(input_shape=[0]), "not a checkpoint, or damaged: Expected `int` >= 1"),
    ("other pixels", with_meta(input_shape=[5]), f"{WEIGHT} is float32 (3, 4), expected float32 (3, 5)"),
    ("wrong hash", with_meta(theta_sha256="0" * 64), "damaged: the weights are not those that were saved"),
    ("not a number", with_theta(np.nan), "one of its weights is infinite or not a number"),
    ("infinite", with_theta(np.inf), "one of its weights is infinite or not a number"),
    ("impossible position", with_meta(position={"seen": -1}), "not a checkpoint, or damaged: Expected `int` >= 0"),
    ("class names", with_meta(class_names=["a"]), "1 class names for 2 outputs"),
    ("wrong bounds", with_config(seed=-1), "its config is not valid: seed: found -1, expected an integer >= 0"),
    ("unknown key", with_config(sed=1), 'its config is not valid: sed: there is no such key. Did you mean "seed"?'),
    ("unknown kind", with_config(optimizer={"type": "sdg"}), "its config is not valid: optimizer.type: found 'sdg'"),
    ("contradiction", with_config(layers=[]), "its config is not valid: layers: a network needs at least one layer"),
    ("huge layers", with_config(layers=HUGE), "its config needs 7000000002 parameters, more than the file holds"),
    ("huge pixels", with_meta(input_shape=[10**9] * 2), "its config needs 3000000000000000011 parameters, more than"),
    ("other optimizer", with_config(optimizer={"type": "sgd"}), "the member 'optimizer.mean' does not belong in a che"),
    ("missing state", without("optimizer.mean"), "the member optimizer.mean is missing"),
    ("missing bias", without("layers.1.bias"), "the member layers.1.bias is missing"),
    ("foreign member", with_member("evil", [1]), "the member 'evil' does not belong in a checkpoint"),
    ("foreign layer", with_member("layers.2.bias", [1]), "the member 'layers.2.bias' does not belong in a checkpoint"),
    ("turned", lambda m: {**m, WEIGHT: m[WEIGHT].T}, f"{WEIGHT} is float32 (4, 3), expected float32 (3, 4)"),
    ("flat", lambda m: {**m, WEIGHT: m[WEIGHT].ravel()}, f"{WEIGHT} is float32 (12,), expected float32 (3, 4)"),
    (
        "double",
        lambda m: {**m, WEIGHT: m[WEIGHT].astype(float)},
        f"{WEIGHT} is float64 (3, 4), expected float32 (3, 4)",
    ),
    ("text", with_member(WEIGHT, [["x"] * 4] * 3), f"{WEIGHT} is <U1 (3, 4), expected float32 (3, 4)"),
    ("swollen", with_member(WEIGHT, np.zeros(9999)), f"{WEIGHT} is float64 (9999,), expected float32 (3, 4)"),
    ("one weight less", lambda m: {**m, WEIGHT: m[WEIGHT][:, :3]}, f"{WEIGHT} is float32 (3, 3), expected float32 (3,"),
    ("one weight", lambda m: {**m, WEIGHT: m[WEIGHT] + np.float32(1e-3)}, "damaged: the weights are not those that we"),
]


FREE_VALUES: dict[str, Any] = {
    "dataset": [{"name": 3}, {"name": "x", "fingerprint": "../x"}, {"name": "x" * 9999}, {}, "mnist"],
    "parent": [{"run": "x", "step": 1, "digest": "no digest"}, {"run": "x", "step": -1, "digest": "0" * 16}, 3],
    "retries": [[{}], {}, [{"step": 0.5, "learning_rate": 1, "reason": ""}]],
    "resumed": [1, ["1"], [-1]],
    "environment": [[], {"numpy": [1]}, {"numpy": {"a": 1}}, {"numpy": "x" * 9999}],
    "engine": [3, {}],
    "preparation": ["__class__", 3, "digit\n"],
    "input_shape": [[], [1, 2, 2], [2**60], [-4]],
    "class_names": [[], [1, 2], "ab"],
    "epoch": [-1, 2**63, 1.5, 10**400],
    "step": [-1, 2**53 + 1],
    "tested": [{"dataset": "x", "images": 0, "accuracy": 0.5, "interval": [0.4, 0.6]}, {}],
    "position": [{"epoch": 2, "step": 34, "metric": "x"}, {"epoch": 2, "step": 34, "loss": "nan"}, []],
    "is_final": [1, "yes"],
}
FREE: list[tuple[str, Callable[[Members], Members], str]] = [
    *(
        (f"{key} {value}", with_meta(**{key: value}), "not a checkpoint, or damaged: ")
        for key, values in FREE_VALUES.items()
        for value in values
    ),
    ("unknown engine", with_meta(engine="steam"), "its config is not valid: engine: found 'steam', expected one of "),
    ("epochs", with_meta(epoch=3), "contradicts itself: position.epoch: found 2, but epoch is 3"),
    ("steps", with_meta(step=35), "contradicts itself: position.step: found 34, but step is 35"),
    (
        "less steps than epochs",
        with_meta(step=2, position={"epoch": 2, "step": 2, "seen": 1}),
        "contradicts itself: step: found 2 after 2 epochs",
    ),
    (
        "more right than seen",
        with_meta(position={"epoch": 2, "step": 34, "seen": 5, "right": 6}),
        "contradicts itself: position.right: found 6 of 5 images",
    ),
    (
        "best epoch to come",
        with_meta(position={"epoch": 2, "step": 34, "best_epoch": 3}),
        "contradicts itself: position.best_epoch: found 3 of 2",
    ),
    (
        "parent to come",
        with_meta(parent={"run": "x", "step": 35, "digest": "0" * 16}),
        "contradicts itself: parent.step: later than the run",
    ),
    (
        "retry to come",
        with_meta(retries=[{"step": 35, "learning_rate": 0.1, "reason": ""}]),
        "contradicts itself: retries: later than the run",
    ),
    (
        "resumption to come",
        with_meta(resumed=[35]),
        "contradicts itself: resumed: later than where the run stands",
    ),
    (
        "result outside its interval",
        with_meta(tested={"dataset": "x", "images": 9, "accuracy": 0.5, "interval": [0.6, 0.7]}),
        "contradicts itself: tested.interval: the accuracy is not in it",
    ),
    ("no history", without("history.epoch"), "the member history.epoch is missing"),
    ("no digests", without("history.digest"), "the member history.digest is missing"),
    ("deep history", with_member("history.epoch", [[1], [2]]), "its history is int64 (2, 1); at most (250000,) is"),
    ("short history", with_member("history.loss", [0.5]), "history.loss is float64 (1,), expected float64 (2,)"),
    ("whole losses", with_member("history.loss", [1, 2]), "history.loss is int64 (2,), expected float64 (2,)"),
    ("epochs out of order", with_member("history.epoch", [2, 1]), "contradicts itself: history.epoch: an epoch has a"),
    ("accuracy of 2", with_member("history.accuracy", [0.5, 2.0]), "contradicts itself: history.accuracy: an epoch ha"),
    ("no loss", with_member("history.loss", [0.5, np.nan]), "contradicts itself: history.loss: an epoch has a value t"),
    (
        "no digest",
        with_member("history.digest", np.array([b"0" * 16, b"x" * 16])),
        "contradicts itself: history.digest: an epoch has a value",
    ),
    (
        "wide dropout",
        with_config(layers=[{"type": "dropout"}] * 200 + to_tree(LAYERS)),
        "its layers would need more memory than any network of its size",
    ),
    (
        "a number of ten thousand digits",
        with_config(layers=[{"type": "dense", "units": 10**4000}] * 3 + to_tree(LAYERS)),
        "its config needs a value too large to show parameters, more than the file holds",
    ),
]


@pytest.mark.parametrize(("name", "change", "message"), FREE, ids=[name[:40] for name, _, _ in FREE])
def test_what_was_free_is_typed_bounded_and_compared(
    path: Path, name: str, change: Callable[[Members], Members], message: str
) -> None:
    np.savez(path, allow_pickle=False, **change(read(path)))
    assert refusal(path).startswith(message)


@pytest.mark.parametrize(("name", "change", "message"), CONTENTS, ids=[name for name, _, _ in CONTENTS])
def test_contents_that_do_not_fit_together_are_refused(
    path: Path, name: str, change: Callable[[Members], Members], message: str
) -> None:
    np.savez(path, allow_pickle=False, **change(read(path)))
    assert refusal(path).startswith(message)


@pytest.mark.parametrize("name", ["meta", WEIGHT, "optimizer.mean"])
def test_a_member_that_is_pickled_is_never_unpickled(path: Path, name: str) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return pytest.fail, ("was unpickled",)

    members = read(path) | {name: np.array(Bomb(), dtype=object)}
    np.savez(path, **members)  # type: ignore[arg-type]  # numpy's own annotation confuses members with allow_pickle
    assert refusal(path) == "not a checkpoint, or damaged: a member is no array of numbers"


def rewrite(path: Path, name: str, data: bytes) -> None:
    """Give one member of a checkpoint other bytes."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for filename, content in (members | {f"{name}.npy": data}).items():
            archive.writestr(filename, content)


@pytest.mark.parametrize("name", ["meta", WEIGHT])
@pytest.mark.parametrize("shape", ["(10**15,)", "(1000000000000000,)", "(-1,)", "(", "(3, 4", "'x'", "((3,),)"])
def test_a_header_that_lies_takes_no_memory(path: Path, name: str, shape: str) -> None:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    rewrite(path, name, b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(48))
    tracemalloc.start()
    try:
        assert refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_compressed_copy_of_a_checkpoint_is_a_checkpoint(path: Path) -> None:
    expected = checkpoint.load(path).network.theta
    np.savez_compressed(path, allow_pickle=False, **read(path))
    assert np.array_equal(checkpoint.load(path).network.theta, expected)


def test_fields_of_a_later_version_do_no_harm(path: Path) -> None:
    np.savez(path, allow_pickle=False, **with_meta(invented="later")(read(path)))
    assert checkpoint.load(path).meta.epoch == 2


def test_every_field_of_meta_is_described() -> None:
    documented = re.findall(r"^ {8}(\w+): ", Meta.__doc__ or "", re.MULTILINE)
    assert set(documented) == {field.name for field in msgspec.structs.fields(Meta)}
    assert {field.name for field in dataclasses.fields(checkpoint.Checkpoint)} == {
        *("network", "recipe", "meta", "optimizer_state", "familiarity")
    }
