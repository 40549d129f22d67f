"""The library as its README shows it: whatever the commands can do, without them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nnfang
from nnfang.runs.folder import FolderInUseError
from tests.shades import RECIPE, make_shades

DATA = make_shades(60, 2)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_network_is_trained_resumed_and_read_again() -> None:
    model = nnfang.fit(RECIPE, DATA, folder="run")
    assert model.network.digest() == nnfang.load("run").network.digest()
    longer = nnfang.resume("run", DATA, epochs=RECIPE.epochs + 2)
    assert nnfang.load("run/last.npz").meta.epoch == RECIPE.epochs + 2
    assert longer.network.digest() == nnfang.load("run").network.digest()
    with pytest.raises(FolderInUseError):
        nnfang.fit(RECIPE, DATA, folder="run")
    nnfang.fit(RECIPE, DATA, folder="run", force=True)


def test_a_network_can_be_trained_without_files() -> None:
    model = nnfang.fit(RECIPE, DATA)
    assert not [*Path().iterdir()]
    recorded = nnfang.fit(RECIPE, DATA, folder="run")
    assert model.network.digest() == recorded.network.digest()
    assert model.meta.state.best_value == recorded.meta.state.best_value
    assert [epoch.digest for epoch in model.meta.history] == [epoch.digest for epoch in recorded.meta.history]
    model.save("model.npz")
    assert nnfang.load("model.npz").network.digest() == model.network.digest()


def test_changing_what_a_model_holds_does_not_change_what_was_saved() -> None:
    model = nnfang.fit(replace(RECIPE, epochs=1), DATA)
    again = nnfang.fit(replace(RECIPE, epochs=1), DATA)
    model.network.theta[...] = 0
    assert again.network.theta.any()
    assert np.shares_memory(model.network.theta, model.network.parameters[0][0])


def test_a_model_is_evaluated_on_what_it_was_tested_or_validated_with() -> None:
    model = nnfang.fit(RECIPE, DATA)
    assert model.evaluate(DATA).n == len(DATA.y_test)
    validation = model.evaluate(DATA, "validation")
    assert validation.loss == pytest.approx(model.meta.state.best_loss)
    assert validation.n + model.evaluate(DATA, "train").n == len(DATA.y_train)
    with pytest.raises(nnfang.DataError, match="the network was trained on shades, so its train images are unknown"):
        model.evaluate(replace(DATA, name="others", x_train=DATA.x_train[::-1]), "train")
    with pytest.warns(nnfang.NnfangWarning, match='shades calls "black" what the network was trained on as "dark"'):
        model.evaluate(replace(DATA, class_names=("black", "grey", "light")))


def test_pictures_are_predicted() -> None:
    model = nnfang.load("bundled")
    (seven,) = model.predict_pictures(["sample:7"])
    assert (seven.label, seven.name) == ("7", "sample:7")
    assert seven.outputs.sum() == pytest.approx(1)
    assert repr(seven).startswith("Prediction(sample:7: 7, ")
    assert seven.top(3)[0][0] == "7"
    Path("text.png").write_text("no picture")
    with pytest.raises(nnfang.PictureError, match=r"^text\.png: not a picture"):
        model.predict_pictures(["sample:7", "text.png"])
    flat = replace(DATA, x_train=DATA.x_train.reshape(-1, 4), x_test=DATA.x_test.reshape(-1, 4))
    model = nnfang.fit(replace(RECIPE, epochs=1), flat)
    with pytest.raises(nnfang.NnfangError, match="this network's inputs are 4 numbers, not a picture"):
        model.predict_pictures(["sample:7"])


def test_a_folder_of_pictures_is_a_data_set() -> None:
    for name, grey in (("dark", 30), ("light", 220)):
        for part in ("train", "test"):
            folder = Path("pictures", part, name)
            folder.mkdir(parents=True)
            for number in range(3):
                Image.new("L", (9, 5), grey + number).save(folder / f"{number}.png")
    data = nnfang.load_data("pictures")
    assert (data.class_names, data.x_train.shape, data.x_test.shape) == (("dark", "light"), (6, 28, 28), (6, 28, 28))
    recipe = replace(
        RECIPE, layers=(nnfang.Dense(2, "softmax"),), optimizer=nnfang.Adam(0.01), epochs=50, validation_split=0
    )
    assert nnfang.fit(recipe, "pictures").evaluate(data).accuracy == 1


def test_what_a_person_meets_is_short_and_readable() -> None:
    model = nnfang.fit(replace(RECIPE, epochs=1), DATA)
    for value in (model, model.network, DATA, model.evaluate(DATA), nnfang.train(model.network, DATA, RECIPE)):
        assert len(repr(value)) < 150
        assert "array" not in repr(value)


def test_the_first_example_of_the_documentation_runs(capsys: pytest.CaptureFixture[str]) -> None:
    example = [line[4:] for line in (nnfang.__doc__ or "").splitlines() if line.startswith("    ")]
    code = "\n".join(example).replace("epochs=3", "epochs=1, limit=600").replace("epochs=6", "epochs=2")
    exec(compile(code, "documentation", "exec"), {})
    assert "Prediction(sample:7: " in capsys.readouterr().out
