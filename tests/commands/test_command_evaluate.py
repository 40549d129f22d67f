from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang, Trained

KEYS = ["model", "dataset", "split", "n", "loss", "accuracy", "interval", "per_class", "confusion"]
KEYS += ["confusions", "calibration", "top", "halves"]


def save_npz(path: Path, n: int, shape: tuple[int, ...], classes: int) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 256, (n, *shape), np.uint8), np.arange(n) % classes
    np.savez(path, x_train=x, y_train=y, x_test=x, y_test=y)


def test_json_agrees_with_the_end_of_the_training(trained: Trained, nnfang: Nnfang) -> None:
    result = nnfang("evaluate", "-m", str(trained.folder), "--json")
    assert result.stderr == ""
    (found,) = result.objects
    assert list(found) == KEYS
    end = trained.result.end
    assert (found["model"], found["dataset"], found["split"]) == (str(trained.folder), "mnist-sample", "test")
    assert (found["n"], found["loss"], found["accuracy"]) == (2000, end["test_loss"], end["test_accuracy"])
    assert found["interval"] == end["test_interval"]


def test_several_networks_are_evaluated_together(trained: Trained, nnfang: Nnfang) -> None:
    both = ["-m", str(trained.folder), "-m", "bundled"]
    (found,) = nnfang("evaluate", *both, "--dataset", "mnist-sample", "--json").objects
    (alone,) = nnfang("evaluate", "-m", "bundled", "--dataset", "mnist-sample", "--json").objects
    assert found["model"].startswith(f"{trained.folder} + ")
    assert found["n"] == 2000
    assert trained.result.end["test_accuracy"] < found["accuracy"] < alone["accuracy"]
    assert found["interval"][0] < found["accuracy"] < found["interval"][1]


def test_several_networks_need_a_data_set_that_all_were_trained_on(trained: Trained, nnfang: Nnfang) -> None:
    result = nnfang("evaluate", "-m", str(trained.folder), "-m", "bundled", code=5)
    assert "different data sets: mnist, mnist-sample" in result.stderr
    result = nnfang("evaluate", "-m", str(trained.folder), "-m", str(trained.folder), "--split", "train", code=5)
    assert "only on test images" in result.stderr


def test_json_of_classes_agrees_with_the_confusion(trained: Trained, nnfang: Nnfang) -> None:
    (found,) = nnfang("evaluate", "-m", str(trained.folder / "best.npz"), "--json").objects
    confusion = np.array(found["confusion"])
    assert confusion.sum(axis=1).tolist() == [200] * 10
    assert confusion.trace() / 2000 == pytest.approx(found["accuracy"])
    assert list(found["per_class"]) == list("0123456789")
    three = found["per_class"]["3"]
    assert three["recall"] == pytest.approx(confusion[3, 3] / 200)
    assert three["precision"] == pytest.approx(confusion[3, 3] / confusion[:, 3].sum())
    assert three["f1"] == pytest.approx(2 * confusion[3, 3] / (200 + confusion[:, 3].sum()))
    assert three["support"] == 200


def test_text_has_the_same_numbers_in_aligned_columns(trained: Trained, nnfang: Nnfang) -> None:
    lines = nnfang("evaluate", "-m", str(trained.folder)).stdout.splitlines()
    end = trained.result.end
    low, high = end["test_interval"]
    assert lines[0] == f"accuracy  {end['test_accuracy']:.2%} (95% interval {low:.2%} to {high:.2%})"
    assert lines[1] == f"loss      {end['test_loss']:.4f}"
    assert lines[2] == "images    2,000 (test images of mnist-sample)"
    begin = lines.index("") + 1
    table = lines[begin : lines.index("", begin)]
    assert table[0].split() == ["class", "precision", "recall", "F1", "images"]
    assert [row.split()[0] for row in table[1:]] == list("0123456789")
    assert len({len(row) for row in table}) == 1


def test_validation_images_are_those_that_the_training_kept(trained: Trained, nnfang: Nnfang) -> None:
    (found,) = nnfang("evaluate", "-m", str(trained.folder), "--split", "validation", "--json").objects
    best = trained.best_epoch
    assert (found["split"], found["n"]) == ("validation", 1000)
    assert (found["accuracy"], found["loss"]) == (best["val_accuracy"], best["val_loss"])


def test_training_images_are_the_others(trained: Trained, nnfang: Nnfang) -> None:
    (found,) = nnfang("evaluate", "-m", str(trained.folder), "--split", "train", "--json").objects
    assert (found["split"], found["n"]) == ("train", 9000)
    assert found["accuracy"] > trained.best_epoch["accuracy"]


def test_another_data_set_has_test_images_only(trained: Trained, nnfang: Nnfang) -> None:
    save_npz(nnfang.folder / "noise.npz", 40, (28, 28), 10)
    arguments = ("evaluate", "-m", str(trained.folder), "--dataset", "noise.npz", "--json")
    (found,) = nnfang(*arguments).objects
    assert (found["dataset"], found["n"]) == ("noise.npz", 40)
    assert found["accuracy"] < 0.5
    refused = nnfang(*arguments, "--split", "validation", code=5)
    assert "trained on mnist-sample" in refused.stderr
    assert "its test images can be used" in refused.stderr


def test_classes_of_other_names_are_compared_with_a_warning(trained: Trained, nnfang: Nnfang) -> None:
    for name in "abcdefghij":
        (nnfang.folder / "letters" / name).mkdir(parents=True)
        for i in range(5):
            picture = np.random.default_rng(i).integers(0, 256, (28, 28), np.uint8)
            Image.fromarray(picture).save(nnfang.folder / "letters" / name / f"{i}.png")
    result = nnfang.inside("evaluate", "-m", str(trained.folder), "--dataset", "letters", "-q")
    assert 'letters calls "a" what the network was trained on as "0"' in result.stderr
    assert "10 (test images of letters)" in result.stdout


@pytest.mark.parametrize(
    ("shape", "classes", "words"),
    [((8, 8), 10, ["(8, 8)", "(28, 28)"]), ((28, 28), 3, ["3 classes", "10"])],
    ids=["shape", "classes"],
)
def test_a_data_set_that_does_not_fit_is_refused(
    shape: tuple[int, ...], classes: int, words: list[str], trained: Trained, nnfang: Nnfang
) -> None:
    save_npz(nnfang.folder / "other.npz", 30, shape, classes)
    stderr = nnfang.inside("evaluate", "-m", str(trained.folder), "--dataset", "other.npz", code=5).stderr
    assert all(word in stderr for word in words)


def test_a_data_set_that_cannot_be_had_is_not_replaced(trained: Trained, nnfang: Nnfang) -> None:
    result = nnfang.inside("evaluate", "-m", str(trained.folder), "--dataset", "mnist", "--offline", code=5)
    assert "--dataset mnist-sample" in result.stderr


def test_without_any_run_or_network_the_bundled_ones_are_used_and_named(nnfang: Nnfang) -> None:
    result = nnfang.inside("evaluate", "--offline")
    assert "Using the network that comes with nnfang" in result.stderr
    sample = "warning: mnist is unavailable: evaluating on mnist-sample, 2,000 of its test images, instead\n"
    assert result.stderr.endswith(sample)
    assert float(re.search(r"accuracy  +([\d.]+)%", result.stdout)[1]) > 98  # type: ignore[index]
    assert "2,000 (test images of mnist-sample)" in result.stdout
    named = nnfang.inside("evaluate", "-q", "-m", "bundled", "--offline")
    assert (named.stdout, named.stderr) == (result.stdout, sample)


@pytest.mark.parametrize("option", [("--min-accuracy", "0.9"), ("--split", "train")], ids=" ".join)
def test_a_gate_or_another_part_is_never_of_other_images(option: tuple[str, str], nnfang: Nnfang) -> None:
    result = nnfang.inside("evaluate", "-m", "bundled", "--offline", *option, code=5)
    assert "--dataset mnist-sample evaluates on what comes with nnfang" in result.stderr
    assert result.stdout == ""


def test_the_gate_of_quality_lets_through_what_is_good_enough(trained: Trained, nnfang: Nnfang) -> None:
    accuracy = trained.result.end["test_accuracy"]
    assert nnfang("evaluate", "-m", str(trained.folder), "--min-accuracy", str(accuracy)).stderr == ""


def test_below_the_gate_the_result_is_still_complete(trained: Trained, nnfang: Nnfang) -> None:
    arguments = ("evaluate", "-m", str(trained.folder), "--json")
    result = nnfang(*arguments, "--min-accuracy", "0.9999", code=3)
    assert result.stdout == nnfang(*arguments).stdout
    assert re.fullmatch(
        r"Error: accuracy 0\.\d{4} on the 2,000 test images of mnist-sample is below --min-accuracy 0\.9999\n",
        result.stderr,
    )


@pytest.mark.parametrize("share", ["97", "1.01", "-0.01", "nan"])
def test_a_share_is_between_0_and_1(share: str, trained: Trained, nnfang: Nnfang) -> None:
    result = nnfang.inside("evaluate", "-m", str(trained.folder), "--min-accuracy", share, code=2)
    assert "--min-accuracy" in result.stderr
    assert result.stdout == ""


def test_the_newest_run_is_used_and_named(trained: Trained, nnfang: Nnfang) -> None:
    for name in ("runs/b", "runs/a", "elsewhere"):
        shutil.copytree(trained.folder, nnfang.folder / name)
        (nnfang.folder / name / "best.npz").touch()
    result = nnfang("evaluate", "--json")
    assert result.objects[0]["model"] == str(Path("runs", "a"))
    epochs = "1 epoch" if trained.result.end["best_epoch"] == 1 else "2 epochs"
    accuracy = f"{trained.result.end['test_accuracy']:.2%}"
    assert result.stderr == (
        f"Using {Path('runs', 'a')} (trained on mnist-sample, {epochs}; {accuracy} of its 2,000 test images "
        "correct; the bundled network, -m bundled: 99.58% of mnist's 10,000).\n"
    )
    assert nnfang("evaluate", "-q").stderr == ""


@pytest.mark.parametrize("command", [("export", "a.npz"), ("train", "--resume"), ("verify",)], ids=" ".join)
def test_without_any_run_the_message_says_how_to_make_one(command: tuple[str, ...], nnfang: Nnfang) -> None:
    stderr = nnfang.inside(*command, code=6).stderr
    assert "nnfang train" in stderr
    assert "Name the folder of a run" in stderr


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def replace_by_text(path: Path) -> None:
    path.write_text("epoch,loss\n1,0.5\n")


@pytest.mark.parametrize("spoil", [damage, truncate, replace_by_text])
def test_a_spoilt_checkpoint_is_not_read(spoil: object, trained: Trained, nnfang: Nnfang) -> None:
    assert callable(spoil)
    shutil.copy(trained.folder / "best.npz", nnfang.folder)
    spoil(nnfang.folder / "best.npz")
    result = nnfang.inside("evaluate", "-m", "best.npz", code=6)
    assert result.stderr.startswith("Error: best.npz: ")
    assert result.stdout == ""


@pytest.mark.parametrize(("model", "reason"), [("absent.npz", "no such file"), (".", "no best.npz in this folder")])
def test_a_model_that_is_not_there_is_a_message(model: str, reason: str, nnfang: Nnfang) -> None:
    assert reason in nnfang.inside("evaluate", "-m", model, code=6).stderr


def test_a_careful_shell_script_can_rely_on_it(nnfang: Nnfang) -> None:
    script = """
        set -euo pipefail
        nnfang train --dataset mnist-sample --limit 2000 --epochs 1 -o run --json > events.jsonl
        accuracy=$(nnfang evaluate -m run --json | "$PYTHON" -c 'import json; print(json.loads(input())["accuracy"])')
        nnfang evaluate -m run --min-accuracy 0.3 > report.txt
        echo "accuracy $accuracy"
        if nnfang evaluate -m run --min-accuracy 1 > /dev/null; then echo perfect; else echo "code $?"; fi
        nnfang evaluate -m run --min-accuracy 1 > /dev/null
        echo never
    """
    result = nnfang.shell(script, code=3, environment={"CI": "true"})
    assert re.fullmatch(r"accuracy 0\.\d+\ncode 3\n", result.stdout)
    assert "\x1b" not in result.stderr
    assert (nnfang.folder / "report.txt").read_text().startswith("accuracy  ")


def test_a_reader_that_has_seen_enough_is_no_failure_to_report(trained: Trained, nnfang: Nnfang) -> None:
    result = nnfang.shell(f"nnfang evaluate -m '{trained.folder}' | head -1")
    assert result.stdout.startswith("accuracy")
    assert result.stderr == ""


def test_json_has_confusions_calibration_and_the_first_k_classes(trained: Trained, nnfang: Nnfang) -> None:
    (found,) = nnfang("evaluate", "-m", str(trained.folder), "--json", "--top", "10").objects
    confusion = np.array(found["confusion"])
    worst = found["confusions"][0]
    assert worst["n"] == (confusion - np.diag(np.diag(confusion))).max()
    assert confusion[int(worst["true"]), int(worst["predicted"])] == worst["n"]
    bins = found["calibration"]["bins"]
    assert sum(part["n"] for part in bins) == 2000
    assert sum(part["n"] * part["accuracy"] for part in bins) == pytest.approx(2000 * found["accuracy"])
    assert all(part["over"] < part["confidence"] <= part["to"] for part in bins)
    gaps = [part["n"] * abs(part["accuracy"] - part["confidence"]) for part in bins]
    assert found["calibration"]["error"] == pytest.approx(sum(gaps) / 2000)
    assert (found["top"]["k"], found["top"]["correct"], found["top"]["accuracy"]) == (10, 2000, 1)
    assert found["halves"] is None


def test_text_tells_who_is_taken_for_whom(trained: Trained, nnfang: Nnfang) -> None:
    arguments = ("evaluate", "-m", str(trained.folder))
    (found,) = nnfang(*arguments, "--json", "--top", "1").objects
    lines = nnfang(*arguments, "--top", "1").stdout.splitlines()
    pairs = found["confusions"][:5]
    assert lines[-5:] == [f"{pair['true']} read as {pair['predicted']}: {pair['n']}" for pair in pairs]
    assert lines[3] == f"top 1     {lines[0].removeprefix('accuracy  ')}"
    assert lines[4] == f"ECE       {found['calibration']['error']:.2%} (expected calibration error)"
    begin = lines.index("images by true class (row) and predicted class (column)")
    rows = [line.replace(".", "0").split() for line in lines[begin + 2 : begin + 12]]
    assert [list(map(int, row[1:])) for row in rows] == found["confusion"]


@pytest.mark.full
@pytest.mark.skipif("MNIST_FILES" not in os.environ, reason="needs the true files of MNIST")
def test_the_test_images_of_mnist_are_told_by_halves(nnfang: Nnfang) -> None:
    shutil.copytree(Path(os.environ["MNIST_FILES"], "mnist"), nnfang.folder / "cache" / "mnist")
    arguments = ("evaluate", "-q", "-m", "bundled", "--offline")
    (found,) = nnfang(*arguments, "--json").objects
    first, last = found["halves"]
    assert (first["first"], first["n"], last["first"], last["n"]) == (0, 5000, 5000, 5000)
    assert first["correct"] + last["correct"] == np.trace(found["confusion"])
    assert first["accuracy"] < last["accuracy"]
    assert f"{last['accuracy']:.2%} (95% interval" in nnfang(*arguments).stdout.splitlines()[2]


def test_scores_are_no_probabilities_and_have_no_calibration(nnfang: Nnfang) -> None:
    recipe = ("--set", "layers[2].activation=linear", "--set", "loss=mean_squared_error")
    nnfang.train("-q", *recipe, "-o", "run")
    (found,) = nnfang("evaluate", "-m", "run", "--json").objects
    assert found["calibration"] is None
    assert "ECE" not in nnfang("evaluate", "-m", "run").stdout
