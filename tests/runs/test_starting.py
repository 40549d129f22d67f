"""A run that begins with weights that were there before: which it takes, how it goes on, and how it is repeated."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from nnfang.core.constraints import FieldError
from nnfang.core.layers import Dense, Dropout
from nnfang.core.network import Network
from nnfang.data import Dataset
from nnfang.errors import CheckpointError, ConfigError, DataError
from nnfang.runs import checkpoint, finding, session
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.meta import StartRecord
from nnfang.runs.overview import look_at
from nnfang.runs.starting import Start, begin_with, propose_recipe
from nnfang.runs.verification import Verification
from nnfang.training.events import End, Progress
from nnfang.training.recipe import Recipe
from tests.shades import RECIPE, make_shades

DATA = make_shades(60, 2)
SHORT = replace(RECIPE, epochs=2)
FOLDER, KNOWN = Path("run"), Path("known")


@pytest.fixture(autouse=True)
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkpoint:
    """A trained network, in another run of the current folder."""
    monkeypatch.chdir(tmp_path)
    record(KNOWN, None)
    return finding.load_model(KNOWN)


def record(folder: Path, begin: Start | None, recipe: Recipe = SHORT, *, stop_after: int | None = None) -> None:
    with session.start(recipe, DATA, folder, begin=begin) as training:
        for number, event in enumerate(training, 1):
            if isinstance(event, End):
                training.finish(event)
            if number == stop_after:
                training.save()
                break


def import_into(folder: Path, network: Network) -> None:
    """What ``nnfang import`` does with a network that it has read."""
    begin = Start(network, StartRecord("w.npz", network.digest(), is_import=True))
    with session.start(SHORT, DATA, folder, begin=begin) as training:
        training.finish(End(0, 0, "done"))


def verify(folder: Path = FOLDER) -> Verification:
    verification = Verification(session.read_run(folder), DATA)
    list(verification)
    return verification


def with_classes(count: int) -> Dataset:
    labels = (np.arange(60) % count).astype(np.uint8)
    names = tuple(f"c{i}" for i in range(count))
    return Dataset("others", DATA.x_train, labels, DATA.x_train, labels, names, "plain")


def test_the_first_weights_are_those_of_the_network(known: Checkpoint) -> None:
    recipe = propose_recipe(known)
    assert (recipe.layers, recipe.dataset, recipe.epochs) == (SHORT.layers, "shades", Recipe().epochs)
    begin = begin_with(known, "known", recipe, DATA)
    assert begin.network.theta.tobytes() == known.network.theta.tobytes()
    assert begin.network.theta is not known.network.theta
    assert begin.record == StartRecord("known", known.network.digest())


def test_with_more_or_fewer_classes_the_last_layer_is_fresh(known: Checkpoint) -> None:
    for count in (2, 4):
        recipe = replace(SHORT, layers=(SHORT.layers[0], Dense(count, "softmax")))
        begin = begin_with(known, "known", recipe, with_classes(count))
        fresh = Network.for_recipe(recipe, DATA)
        for i, expected in enumerate((known.network, fresh)):
            for found, array in zip(begin.network.parameters[i], expected.parameters[i], strict=True):
                np.testing.assert_array_equal(found, array)
        assert begin.record.new_layer


def test_dropout_initializer_and_dtype_may_be_others(known: Checkpoint) -> None:
    layers = (Dropout(0.1), Dense(4, "tanh", "he_normal"), Dropout(0.5), Dense(3, "softmax"))
    begin = begin_with(known, "known", replace(SHORT, layers=layers, dtype="float64"), DATA)
    np.testing.assert_array_equal(begin.network.theta, known.network.theta)
    assert begin.network.dtype == np.float64


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        ((Dense(5, "tanh"), Dense(3, "softmax")), "5 tanh, 3 softmax"),
        ((Dense(4, "relu"), Dense(3, "softmax")), "4 relu, 3 softmax"),
        ((Dense(3, "softmax"),), "3 softmax"),
        ((Dense(4, "tanh"), Dense(4, "tanh"), Dense(3, "softmax")), "4 tanh, 4 tanh, 3 softmax"),
    ],
)
def test_other_layers_are_refused(layers: Any, found: str, known: Checkpoint) -> None:
    with pytest.raises(FieldError, match=f"^layers: found {found}, but the network has 4 tanh, 3 softmax, so"):
        begin_with(known, "known", replace(SHORT, layers=layers), DATA)


def test_images_of_another_shape_and_weights_beyond_the_dtype_are_refused(known: Checkpoint) -> None:
    with pytest.raises(DataError, match=r"images are \(3, 3\), the network was trained on \(2, 2\)"):
        begin_with(known, "known", SHORT, make_shades(60, 3))
    large = replace(known, network=Network(known.network.layers, 4, known.network.theta * np.float64(1e300)))
    with pytest.raises(FieldError, match="dtype: a weight of the network is too large for float32"):
        begin_with(large, "known", SHORT, DATA)


def test_training_that_begins_so_is_repeated_and_resumed_to_the_byte(known: Checkpoint) -> None:
    begin = begin_with(known, "known", SHORT, DATA)
    record(FOLDER, begin)
    whole = checkpoint.load(FOLDER / "last.npz")
    assert whole.meta.start == begin.record
    assert whole.network.theta.tobytes() != known.network.theta.tobytes()
    assert verify().is_identical
    for number in (1, 2, 3, 4):
        folder = Path(f"stopped-{number}")
        record(folder, begin_with(known, "known", SHORT, DATA), stop_after=number)
        with session.reopen(folder) as stored:
            training = session.resume(stored, stored.recipe, lambda _: DATA)
            for event in training:
                if isinstance(event, End):
                    training.finish(event)
        again = checkpoint.load(folder / "last.npz")
        assert again.network.theta.tobytes() == whole.network.theta.tobytes()
        assert again.meta.start == begin.record
        assert verify(folder).is_identical


def test_with_a_fresh_last_layer_training_is_repeated_too(known: Checkpoint) -> None:
    data = with_classes(4)
    recipe = replace(SHORT, layers=(SHORT.layers[0], Dense(4, "softmax")))
    with session.start(recipe, data, FOLDER, begin=begin_with(known, "known", recipe, data)) as training:
        for event in training:
            if isinstance(event, End):
                training.finish(event)
    verification = Verification(session.read_run(FOLDER), data)
    list(verification)
    assert verification.is_identical


def test_a_run_cannot_be_repeated_once_its_beginning_is_gone(known: Checkpoint) -> None:
    record(FOLDER, begin_with(known, "known", SHORT, DATA))
    known.network.theta[0] += 1
    known.save(KNOWN / "best.npz")
    with pytest.raises(ConfigError, match="run: began with the weights of known, which holds others now, so"):
        verify()
    (KNOWN / "best.npz").unlink()
    with pytest.raises(ConfigError, match=r"began with the weights of known, which cannot be read: there is no best"):
        verify()


def test_another_beginning_than_the_one_that_is_claimed_is_found(known: Checkpoint) -> None:
    record(FOLDER, begin_with(known, "known", SHORT, DATA))
    best = checkpoint.load(FOLDER / "best.npz")
    meta = msgspec.structs.replace(best.meta, start=None)
    checkpoint.save(FOLDER / "best.npz", best.network, meta, best.optimizer_state)
    assert verify().faults == ["best.npz: start"]


def test_a_killed_start_leaves_no_config_that_would_begin_afresh(
    known: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nnfang.runs.session.to_yaml", killed)
    with pytest.raises(KeyboardInterrupt):
        record(FOLDER, begin_with(known, "known", SHORT, DATA))
    with session.reopen(FOLDER) as stored:
        assert isinstance(stored, session.StoredRun)


def test_a_fork_has_a_parent_instead(known: Checkpoint) -> None:
    record(FOLDER, begin_with(known, "known", SHORT, DATA))
    stored = session.read_training(FOLDER)
    with session.fork(stored, replace(SHORT, epochs=3), lambda _: DATA, Path("fork")) as training:
        assert isinstance(next(iter(training)), Progress)
    meta = checkpoint.load_meta(Path("fork") / "last.npz")
    assert (meta.start, meta.parent is not None) == (None, True)


def test_an_import_is_a_run_that_was_not_trained(known: Checkpoint) -> None:
    import_into(FOLDER, known.network)
    overview = look_at(FOLDER)
    assert (overview.state, overview.tested is not None) == ("done", True)
    assert finding.load_model(FOLDER).network.digest() == known.network.digest()
    found = verify()
    assert (found.is_identical, found.is_import, found.epochs) == (True, True, 0)
    assert sorted(found.checked) == ["best.npz", "config.yaml", "last.npz", "metrics.json"]
    assert found.unchecked[0] == "the file w.npz, which they were imported from"


def test_what_was_imported_is_compared_with_its_digest(known: Checkpoint) -> None:
    import_into(FOLDER, known.network)
    for name in ("best.npz", "last.npz"):
        saved = checkpoint.load(FOLDER / name)
        saved.network.theta[...] *= -1
        saved.save(FOLDER / name)
    found = verify()
    assert not found.is_identical
    assert found.faults[0] == "the weights are not those imported"
    assert "metrics.json: digest" in found.faults


def test_an_import_is_trained_further_only_in_a_new_run(known: Checkpoint) -> None:
    import_into(FOLDER, known.network)
    message = r"run: was imported from w.npz, so there is no training to continue; --from"
    with pytest.raises(ConfigError, match=message), session.reopen(FOLDER):
        pass
    with pytest.raises(ConfigError, match=message):
        session.read_training(FOLDER)
    record(Path("further"), begin_with(finding.load_model(FOLDER), "run", SHORT, DATA))
    assert verify(Path("further")).is_identical


def test_the_newest_run_may_be_an_import_or_have_begun_with_what_was_known(
    known: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_into(Path("runs/imported"), known.network)
    assert finding.find_newest() == Path("runs/imported")
    fresh = begin_with(known, "known", replace(SHORT, layers=(Dense(4, "tanh"), Dense(4, "softmax"))), with_classes(4))
    with session.start(
        replace(SHORT, layers=(Dense(4, "tanh"), Dense(4, "softmax"))), with_classes(4), Path("runs/new"), begin=fresh
    ):
        pass
    assert finding.find_newest() == Path("runs/imported")  # the last layer of the other knows nothing


@pytest.mark.parametrize(
    ("start", "step", "reason"),
    [
        (StartRecord("w.npz", "0" * 16, is_import=True), 5, "start.is_import: weights that were imported have not"),
        (StartRecord("w.npz", "0" * 16, is_import=True, new_layer=True), 0, "start.is_import: weights that were"),
    ],
)
def test_a_start_that_contradicts_the_rest_is_refused(
    start: StartRecord, step: int, reason: str, known: Checkpoint
) -> None:
    state = msgspec.structs.replace(known.meta.state, step=step, epoch=0, seen=0, best_epoch=0)
    meta = msgspec.structs.replace(known.meta, start=start, step=step, epoch=0, state=state, history=())
    with pytest.raises(Exception, match=reason):
        checkpoint.save(Path("w.npz"), known.network, meta, known.optimizer_state)


def test_what_is_handed_on_names_no_folder(known: Checkpoint) -> None:
    record(FOLDER, begin_with(known, "/home/me/secret/known", SHORT, DATA))
    exported = finding.load_model(FOLDER).for_inference()
    assert exported.meta.start == StartRecord("known", known.network.digest())
    exported.save("out.npz")
    assert checkpoint.load(Path("out.npz")).meta.start == exported.meta.start
    with pytest.raises(CheckpointError):
        finding.load_model(Path("/home/me/secret/known"))
