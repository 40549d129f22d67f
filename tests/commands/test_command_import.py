"""Weights of other programs at the command line: a run comes out that every command takes, or a line says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save_file

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang, Trained


@pytest.fixture
def shades(nnfang: Nnfang) -> Nnfang:
    """A folder with a small data set, a recipe for it, and weights that solve it; all it says is how bright it is."""
    labels = np.arange(60) % 3
    images = np.broadcast_to((labels * 100 + 20).astype(np.uint8)[:, None, None], (60, 2, 2))
    np.savez(nnfang.folder / "shades.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    (nnfang.folder / "recipe.yaml").write_text(
        "dataset: ./shades.npz\nlayers: [{type: dense, units: 3, activation: softmax}]\nvalidation_split: 0.2\n"
    )
    # The scores are 0, 20 s - 6 and 40 s - 20 for a brightness s: equal where two shades meet
    W, b = np.outer([0.0, 20, 40], np.full(4, 0.25)), np.array([0.0, -6, -20])
    np.savez(nnfang.folder / "w.npz", W.T, b)
    save_file({"fc.weight": W, "fc.bias": b}, nnfang.folder / "w.safetensors")
    return nnfang


@pytest.mark.parametrize("file", ["w.npz", "w.safetensors"])
def test_what_was_imported_is_a_run_for_every_command(file: str, shades: Nnfang) -> None:
    result = shades.inside("import", file, "-c", "recipe.yaml", "-o", "runs/imported")
    assert result.stderr == f"{file}: 1 dense layer, 15 parameters, float64 converted to float32\n"
    assert result.stdout.startswith("test accuracy  100.00% (95% interval")
    assert result.stdout.endswith("try            nnfang evaluate -m runs/imported\n")
    (found,) = shades.inside("inspect", "--json").objects
    assert (found["kind"], found["epoch"], found["state"]) == ("import", 0, "done")
    assert (found["start"]["model"], found["start"]["digest"]) == (file, found["digest"])
    assert f"imported from {file}" in shades.inside("inspect", "runs/imported").stdout
    (row,) = shades.inside("runs", "--json").objects
    assert (row["state"], row["test_accuracy"]) == ("done", 1.0)
    assert shades.inside("evaluate", "--json").objects[0]["accuracy"] == 1
    verified = shades.inside("verify").stdout
    assert verified.startswith("identical: the weights as imported, and their result\ncompared: config.yaml, last.npz")
    assert f"not compared: the file {file}, which they were imported from" in verified
    assert "those that it began with" in shades.inside("diagnose", "runs/imported").stdout
    shades.inside("report", "runs/imported")
    assert f"It was imported from {file} and not trained" in (shades.folder / "runs/imported/report.html").read_text()
    shades.inside("export", "-q", "out.npz")
    assert shades.inside("compare", "out.npz", "runs/imported", "--json").objects


def test_an_import_is_trained_further_in_a_new_run(shades: Nnfang) -> None:
    shades.inside("import", "w.npz", "-c", "recipe.yaml", "-o", "imported", "-q")
    refused = shades.inside("train", "--resume", "imported", code=2)
    assert "imported: was imported from w.npz, so there is no training to continue; --from begins one" in refused.stderr
    result = shades("train", "--from", "imported", "--epochs", "2", "--set", "engine=batch", "-o", "further")
    assert "Beginning with the weights of imported." in result.stderr
    assert shades.inside("verify", "further").stdout.startswith("identical through epoch 2\n")
    assert "a run, begun with the weights of imported" in shades.inside("inspect", "further").stdout


def test_a_program_gets_the_result_as_json(shades: Nnfang) -> None:
    result = shades.inside("import", "w.npz", "-c", "recipe.yaml", "-o", "run", "--json", "-q")
    (found,) = result.objects
    assert (found["weights"], found["run"], found["test_accuracy"], found["epochs"]) == ("w.npz", "run", 1.0, 0)
    assert result.stderr == ""


def test_what_nnfang_exported_needs_no_recipe(nnfang: Nnfang, trained: Trained) -> None:
    nnfang.inside("export", "-q", "-m", str(trained.folder), "w.safetensors")
    refused = nnfang.inside("predict", "-m", "w.safetensors", "sample:7", code=6)
    assert "of which a run has to be made first: nnfang import w.safetensors" in refused.stderr
    result = nnfang.inside("import", "w.safetensors", "-o", "run")
    assert "109,386 parameters, the same that nnfang exported" in result.stderr
    (found,) = nnfang.inside("inspect", "run", "--json").objects
    assert found["digest"] == trained.result.end["digest"]
    assert nnfang.inside("predict", "-m", "run", "sample:7").stdout.startswith("7 ")
    other = nnfang.inside("import", "w.safetensors", "--std", "0.5", "-o", "other")
    assert "others than nnfang exported" in other.stderr


def test_weights_that_do_not_work_are_noticed(shades: Nnfang) -> None:
    np.savez(shades.folder / "none.npz", np.zeros((4, 3)), np.array([1.0, 0, 0]))
    result = shades.inside("import", "none.npz", "-c", "recipe.yaml", "-o", "run")
    assert (
        "caution        little better than guessing: are the activations right, and --mean and --std" in result.stdout
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("w.npz",), 2, "Error: w.npz: holds weights alone; say with -c, by a recipe, which layers and activations"),
        (("v.npz", "-c", "recipe.yaml"), 6, "Error: v.npz: there is no such file"),
        (("shades.npz", "-c", "recipe.yaml"), 6, "Error: shades.npz: found the arrays x_test, x_train, y_test, y_tr"),
        (("w.pt", "-c", "recipe.yaml"), 2, "Error: w.pt: weights are read from .safetensors and .npz; with PyTorch: "),
        (("w.npz", "-c", "recipe.yaml", "--std", "0"), 2, "Error: Invalid value for '--std': found 0, expected a pos"),
        (("w.npz", "-c", "recipe.yaml", "--mean", "nan"), 2, "Error: Invalid value for '--mean': found nan, expected"),
        (("w.npz", "-c", "recipe.yaml", "--layout", "out"), 2, "Error: Invalid value for '--layout'"),
        (("w.npz", "-c", "none.yaml"), 2, "Error: none.yaml"),
        (("w.npz", "-c", "recipe.yaml", "--dataset", "./none.npz"), 5, "Error: "),
        (("w.npz", "-c", "recipe.yaml", "-o", "."), 2, "Error: .: already holds config.yaml"),
        (
            ("w.npz", "-c", "recipe.yaml", "--layout", "out-in"),
            2,
            "Error: recipe.yaml, line 2: layers: the weights in w.npz do not fit:\n"
            "layers[0]: found arr_0 (4, 3) and arr_1 (3,), expected (3, 4) and (3,)\n"
            "The other way round they fit: --layout in-out\n",
        ),
    ],
)
def test_what_cannot_be_imported_is_refused_in_a_message(
    arguments: tuple[str, ...], code: int, message: str, shades: Nnfang
) -> None:
    (shades.folder / "config.yaml").touch()
    result = shades.inside("import", *arguments, code=code)
    assert result.stderr.startswith(message)
    assert not (shades.folder / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--from", "bundled", "--resume", "x"), 2, "--from: begins a new run; with --resume the weights are those"),
        (("--from", "none"), 6, "none: there is no such file"),
        (("--from", "w.safetensors"), 6, "w.safetensors: holds weights for PyTorch, of which a run has to be made"),
        (("--from", "bundled", "--set", "layers[0].units=9"), 2, "layers: found 9 relu, 64 relu, 10 softmax, but the"),
        (("--from", "bundled", "--dataset", "./shades.npz"), 5, "images are (2, 2), the network was trained on (28, "),
    ],
)
def test_what_a_run_cannot_begin_with_is_refused(
    arguments: tuple[str, ...], code: int, message: str, shades: Nnfang
) -> None:
    assert message in shades.inside("train", *arguments, code=code).stderr
    assert not (shades.folder / "runs").exists()


def test_the_bundled_network_learns_other_classes(nnfang: Nnfang) -> None:
    images = np.zeros((20, 28, 28), np.uint8)
    images[::2, 5:20] = 200
    labels = np.arange(20) % 2
    np.savez(nnfang.folder / "two.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    options = ("--dataset", "./two.npz", "--epochs", "1", "--set", "engine=batch", "-o", "run")
    result = nnfang("train", "--from", "bundled", *options)
    assert "has 2 units instead of 10, one per class of two.npz" in result.stderr
    assert (
        "Beginning with the weights of bundled, but for the last layer, which begins with fresh ones for 2 classes."
        in result.stderr
    )
    assert "the last layer with fresh ones" in nnfang.inside("inspect", "run").stdout
    assert nnfang.inside("verify", "run").stdout.startswith("identical through epoch 1\n")


def test_the_config_of_a_network_is_where_training_begins(nnfang: Nnfang) -> None:
    shown = nnfang.inside("train", "--from", "bundled", "--set", "epochs=7", "--print-config").stdout
    assert "dataset: mnist\n" in shown
    assert "units: 64" in shown
    assert "epochs: 7" in shown
