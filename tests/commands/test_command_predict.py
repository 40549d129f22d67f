from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, features

from nnfang import data

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang, Result, Trained


@dataclass(frozen=True)
class Digits:
    """A folder of 100 dark digits on light paper, five times as large as MNIST's; names are <number>-<digit>.png."""

    folder: Path
    names: list[str]

    def __getitem__(self, place: int) -> str:
        return str(self.folder / self.names[place])


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Digits:
    folder, dataset = tmp_path_factory.mktemp("digits"), data.load("mnist-sample")
    names: list[str] = []
    for place in range(0, 2000, 20):
        picture = Image.fromarray(255 - dataset.x_test[place]).resize((140, 140), Image.Resampling.BICUBIC)
        names.append(f"{len(names):03d}-{dataset.y_test[place]}.png")
        picture.save(folder / names[-1])
    return Digits(folder, names)


@pytest.fixture
def predict(trained: Trained, nnfang: Nnfang) -> Predict:
    return Predict(trained, nnfang)


@dataclass(frozen=True)
class Predict:
    trained: Trained
    nnfang: Nnfang

    def __call__(self, *arguments: str, code: int = 0, stdin: bytes = b"", **environment: str) -> Result:
        command = ("predict", "-m", str(self.trained.folder), *arguments)
        return self.nnfang(*command, code=code, stdin=stdin, environment=environment)

    def names(self, *arguments: str) -> list[str]:
        return [Path(answer["path"]).name for answer in self("--format", "json", *arguments).objects]


def test_most_of_a_hundred_drawings_are_read(digits: Digits, predict: Predict) -> None:
    lines = [line.split("  ", 2) for line in predict(str(digits.folder)).stdout.splitlines()]
    assert [Path(path.strip()).name for _, _, path in lines] == digits.names
    right = sum(Path(path).stem[-1] == label for label, _, path in lines)
    assert right / 100 >= predict.trained.result.end["test_accuracy"] - 0.06


def test_text_has_label_probability_and_path(digits: Digits, predict: Predict) -> None:
    result = predict(digits[5])
    assert re.fullmatch(rf"\d  \d+\.\d%  {re.escape(digits[5])}\n", result.stdout)
    assert result.stderr == ""


def test_top_names_the_likeliest_first(digits: Digits, predict: Predict) -> None:
    (line,) = predict("--top", "3", digits[5]).stdout.splitlines()
    shares = [float(share) for share in re.findall(r"([\d.]+)%", line)]
    assert len(shares) == 3
    assert shares == sorted(shares, reverse=True)
    (all_of_them,) = predict("--top", "99", digits[5]).stdout.splitlines()
    assert sorted(re.findall(r"(\d)  +[\d.]+%", all_of_them)) == list("0123456789")


def test_json_has_a_probability_of_each_class(digits: Digits, predict: Predict) -> None:
    result = predict("--format", "json", digits[0], digits[1])
    for answer, path in zip(result.objects, (digits[0], digits[1]), strict=True):
        assert list(answer) == [
            *("path", "label", "probability", "familiarity", "rejected", "probabilities", "prepared", "warnings")
        ]
        assert answer["path"] == path
        assert list(answer["probabilities"]) == list("0123456789")
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert answer["probability"] == max(answer["probabilities"].values())
        assert answer["probabilities"][answer["label"]] == answer["probability"]
    (top,) = predict("--format", "json", "--top", "2", digits[0]).objects
    assert top["top"][0] == {"label": top["label"], "probability": top["probability"]}
    assert len(top["top"]) == 2


def test_json_says_what_was_done_to_a_picture(digits: Digits, predict: Predict) -> None:
    page = np.full((200, 300), 255, np.uint8)
    with Image.open(digits[0]) as picture:
        page[40:180, 150:290] = np.asarray(picture)
    Image.fromarray(page).save(predict.nnfang.folder / "page.png")
    (answer,) = predict("--format", "json", "page.png").objects
    assert answer["warnings"] == []
    done = answer["prepared"]
    assert list(done) == ["inverted", "crop", "scale", "shift"]
    assert done["inverted"] is True
    left, top, right, bottom = done["crop"]
    assert 150 <= left < right <= 290
    assert 40 <= top < bottom <= 180
    assert done["scale"] == pytest.approx(20 / max(right - left, bottom - top))
    assert all(abs(shift) < 6 for shift in done["shift"])


def test_doubts_are_warnings(digits: Digits, predict: Predict) -> None:
    with Image.open(digits[0]) as picture:
        digit = np.asarray(picture)
    pages = {
        "cut": digit[: len(digit) // 2],
        "pair": np.hstack([digit, digit]),
        "faint": (255 - (255 - digit.astype(int)) // 12).astype(np.uint8),
    }
    for name, page in pages.items():
        Image.fromarray(page).save(predict.nnfang.folder / f"{name}.png")
    reasons = {"cut": "touches the border", "pair": "several separate shapes", "faint": "contrast is very low"}
    for name, reason in reasons.items():
        (answer,) = predict("--format", "json", f"{name}.png").objects
        assert reason in answer["warnings"][0]
        assert all(other.startswith("unfamiliar") for other in answer["warnings"][1:])
        result = predict(f"{name}.png")
        assert result.stderr == "".join(f"warning: {name}.png: {warning}\n" for warning in answer["warnings"])
        assert len(result.stdout.splitlines()) == 1


def test_what_the_network_sees_can_be_kept(digits: Digits, predict: Predict) -> None:
    predict("--save-input", "new/seen", digits[0], "-", digits[0], stdin=Path(digits[1]).read_bytes())
    stem = Path(digits[0]).stem
    seen = sorted((predict.nnfang.folder / "new" / "seen").iterdir())
    assert [path.name for path in seen] == [f"0001-{stem}.png", "0002-stdin.png", f"0003-{stem}.png"]
    images = []
    for path in seen:
        with Image.open(path) as picture:
            images.append(np.asarray(picture))
    assert images[0].shape == (28, 28)
    np.testing.assert_array_equal(images[0], images[2])
    by_path, by_input = (predict("--format", "json", name).objects[0] for name in (digits[0], str(seen[0])))
    assert by_input["probabilities"] == by_path["probabilities"]  # it is in MNIST's form, and stays as it is


def test_names_of_what_is_kept_are_good_on_every_system(digits: Digits, predict: Predict) -> None:
    awkward = predict.nnfang.folder / "a\nb:c?.png"
    shutil.copy(digits[0], awkward)
    predict("--save-input", "seen", "sample:4", str(awkward))
    names = sorted(path.name for path in (predict.nnfang.folder / "seen").iterdir())
    assert names == ["0001-sample-4.png", "0002-a-b-c-.png"]


def test_raw_pictures_are_only_resized(digits: Digits, predict: Predict) -> None:
    (answer,) = predict("--raw", "--format", "json", "--save-input", "seen", digits[0]).objects
    assert answer["prepared"] == {"inverted": False, "crop": [0, 0, 140, 140], "scale": 0.2, "shift": [0, 0]}
    (path,) = (predict.nnfang.folder / "seen").iterdir()
    with Image.open(path) as seen, Image.open(digits[0]) as picture:
        expected = np.asarray(picture.resize((28, 28), Image.Resampling.LANCZOS))
        np.testing.assert_array_equal(np.asarray(seen), expected)


def test_csv_is_a_table_that_says_what_its_columns_are(digits: Digits, predict: Predict) -> None:
    rows = list(csv.DictReader(predict("--format", "csv", "--top", "2", digits[3], digits[2]).stdout.splitlines()))
    assert list(rows[0]) == ["path", "label", "probability", "label_2", "probability_2", "familiarity", "error"]
    assert [row["path"] for row in rows] == [digits[3], digits[2]]
    assert all(float(row["probability"]) >= float(row["probability_2"]) for row in rows)


def test_answers_come_in_the_order_of_the_arguments(digits: Digits, predict: Predict) -> None:
    pattern = str(digits.folder / "00[12]-*.png")  # not expanded by any shell
    assert predict.names(digits[9], pattern, digits[4], digits[9]) == [digits.names[place] for place in (9, 1, 2, 4, 9)]


def test_a_folder_stands_for_its_pictures_in_natural_order(digits: Digits, predict: Predict) -> None:
    scans = predict.nnfang.folder / "scans"
    scans.mkdir()
    for name in ("10.png", "2.png", "1.png"):
        (scans / name).write_bytes(Path(digits[0]).read_bytes())
    (scans / "notes.txt").write_text("no picture")
    assert predict.names("scans") == ["1.png", "2.png", "10.png"]


def test_a_dash_is_standard_input(digits: Digits, predict: Predict) -> None:
    by_path = predict("--format", "json", digits[7]).objects[0]
    by_stdin = predict("--format", "json", "-", stdin=Path(digits[7]).read_bytes()).objects[0]
    assert by_stdin == {**by_path, "path": "-"}


def test_the_format_of_a_picture_does_not_matter(digits: Digits, predict: Predict) -> None:
    names = [f"digit.{suffix}" for suffix in ("jpg", "gif", "bmp", "tiff", "webp")]
    for name in names:
        with Image.open(digits[1]) as picture:
            picture.convert("RGB").save(predict.nnfang.folder / name)
    answers = predict("--format", "json", digits[1], *names).objects
    assert {answer["label"] for answer in answers} == {digits.names[1][-5]}


def test_what_is_no_picture_is_named_and_the_others_are_answered(digits: Digits, predict: Predict) -> None:
    folder = predict.nnfang.folder
    (folder / "digit.png").write_text("hello\n")
    (folder / "half.png").write_bytes(Path(digits[0]).read_bytes()[:200])
    (folder / "empty.png").touch()
    (folder / "bare").mkdir()
    broken = ["digit.png", "half.png", "empty.png", "bare", "absent.png", "no*.png", "-"]
    result = predict("--format", "json", digits[0], *broken, digits[1], code=1)
    assert [(answer["path"], answer["label"] is None) for answer in result.objects] == [
        (digits[0], False),
        *((name, True) for name in broken),
        (digits[1], False),
    ]
    messages = result.stderr.splitlines()
    for message, name in zip(messages, [*broken[:-1], "standard input"], strict=True):
        assert message.startswith(f"Error: {name}: ")


@pytest.mark.skipif(not features.check("libtiff"), reason="this Pillow decodes no compressed TIFF")
def test_stderr_has_a_line_for_each_damaged_picture_and_nothing_from_inside_pillow(nnfang: Nnfang) -> None:
    for name in ("deflate", "samples"):
        Image.new("RGB", (64, 64)).save(nnfang.folder / f"{name}.tif", compression="tiff_deflate")
    content = (nnfang.folder / "deflate.tif").read_bytes()
    pixels = b"\xff" * 8  # about which libtiff writes to stderr
    (nnfang.folder / "deflate.tif").write_bytes(content[:8] + pixels + content[16:])
    content = (nnfang.folder / "samples.tif").read_bytes()
    field = struct.pack("<HHI", 277, 3, 1)  # how many numbers a pixel has, about which Pillow logs
    (nnfang.folder / "samples.tif").write_bytes(content.replace(field + b"\3", field + b"\x99"))
    result = nnfang("predict", "-m", "bundled", "deflate.tif", "samples.tif", code=1)
    assert [line.partition(": ")[0] for line in result.stderr.splitlines()] == ["Error", "Error"]


def test_a_blank_picture_has_a_row_that_says_why_it_has_no_label(digits: Digits, predict: Predict) -> None:
    Image.new("L", (90, 70), 230).save(predict.nnfang.folder / "blank.png")
    reason = "no ink found: nothing stands out from the paper"

    def answer(style: str) -> str:
        result = predict("--format", style, "--top", "2", digits[0], "blank.png", digits[1], code=1)
        assert result.stderr == f"Error: blank.png: {reason}\n"
        return result.stdout

    objects = [json.loads(line) for line in answer("json").splitlines()]
    assert [found["path"] for found in objects] == [digits[0], "blank.png", digits[1]]
    assert objects[1] == {"path": "blank.png", "label": None, "probability": None, "error": reason, "warnings": []}
    rows = list(csv.reader(answer("csv").splitlines()))
    assert [row[0] for row in rows] == ["path", digits[0], "blank.png", digits[1]]
    assert rows[2] == ["blank.png", "", "", "", "", "", reason]
    assert [row[-1] for row in rows] == ["error", "", reason, ""]
    lines = answer("text").splitlines()
    assert len(lines) == 3
    assert lines[1] == f"-      -  blank.png  ({reason})"


@pytest.mark.parametrize(
    ("style", "encoding"), [("text", "ascii"), ("text", "cp1252"), ("json", "cp1252"), ("csv", "cp1252")]
)
def test_no_name_of_a_picture_upsets_the_output(style: str, encoding: str, digits: Digits, predict: Predict) -> None:
    names = ["é 手.png", "line\nbreak\x1b[2J.png", os.fsdecode(b"raw\xff.png")]
    for name in names:
        try:
            (predict.nnfang.folder / name).write_bytes(Path(digits[0]).read_bytes())
        except OSError:
            pytest.skip("this file system does not take such names")
    result = predict("--format", style, *names, "absent é\n.png", code=1, PYTHONIOENCODING=encoding)
    assert re.fullmatch(r"Error: absent \S+\\n\.png: there is no such file or folder\n", result.stderr)
    output = result.stdout
    if style == "text":
        *lines, absent = [line[10:] for line in output.splitlines()]
        assert lines[1:] == [r"line\nbreak\x1b[2J.png", r"raw\xff.png"]
        assert re.fullmatch(r"absent \S+\\n\.png  \(there is no such file or folder\)", absent)
    elif style == "json":
        paths = [json.loads(line)["path"] for line in output.splitlines()]
        assert paths == [*names[:2], r"raw\xff.png", "absent é\n.png"]
    else:
        header, *rows = csv.reader(io.StringIO(output, newline=""))
        assert [row[0] for row in rows][1:-1] == ["line\nbreak\\x1b[2J.png", r"raw\xff.png"]
        assert {len(row) for row in rows} == {len(header)} == {5}


def test_no_name_is_a_formula_in_csv(nnfang: Nnfang) -> None:
    """A spreadsheet would compute it."""
    for name in ("=1+1", "-3"):
        (nnfang.folder / "shapes" / name).mkdir(parents=True)
        for i in range(30):
            pixels = np.full((28, 28), 0 if name == "-3" else 200, np.uint8)
            pixels[5:20, 5 + i % 3] = 255
            Image.fromarray(pixels).save(nnfang.folder / "shapes" / name / f"={i}.png")
    nnfang.train("--dataset", "shapes", "-o", "run")
    picture = nnfang.folder / "shapes" / "=1+1" / "=0.png"
    shutil.copy(picture, nnfang.folder / "=cmd.png")
    (row,) = csv.DictReader(
        nnfang("predict", "-m", "run", "--format", "csv", "--top", "2", "./=cmd.png").stdout.splitlines()
    )
    assert {row["label"], row["label_2"]} == {"'=1+1", "-3"}
    (row,) = csv.DictReader(nnfang("predict", "-m", "run", "--format", "csv", "=cmd.png").stdout.splitlines())
    assert row["path"] == "'=cmd.png"


def test_a_reader_that_has_seen_enough_gets_what_it_wanted(digits: Digits, predict: Predict) -> None:
    script = f"nnfang predict -m '{predict.trained.folder}' '{digits.folder}'"
    head = predict.nnfang.shell(f"{script} | head -1")
    assert head.stderr == ""
    assert len(head.stdout.splitlines()) == 1
    predict.nnfang.shell(f"{script} > answers.txt")
    answers = (predict.nnfang.folder / "answers.txt").read_text()
    assert len(answers.splitlines()) == 100
    assert "\x1b" not in answers


def test_the_newest_run_is_used_and_named(digits: Digits, nnfang: Nnfang) -> None:
    nnfang.train("-o", "runs/mine")
    nnfang.train("--epochs", "0", "-o", "runs/none")
    result = nnfang("predict", digits[0])
    using = f"Using {Path('runs', 'mine')} (trained on mnist-sample, 1 epoch; "
    assert result.stderr.startswith(f"{Path('runs', 'none')} has no completed epoch. {using}")
    assert len(result.stdout.splitlines()) == 1


def test_samples_are_named_and_read(predict: Predict) -> None:
    listed = predict("--list-samples").stdout.splitlines()
    names = [line.split("  ")[0] for line in listed]
    assert names == [f"sample:{digit}" for digit in range(10)]
    assert all(line.split("  ")[1] for line in listed)
    answers = predict("--format", "json", *names).objects
    assert [answer["path"] for answer in answers] == names
    result = predict("sample:3", "sample:x", "sample:4", code=1)
    assert [line[0] == "-" for line in result.stdout.splitlines()] == [False, True, False]
    assert "sample:x: no such sample." in result.stderr


def test_where_there_is_no_run_the_network_that_comes_with_nnfang_answers(nnfang: Nnfang, trained: Trained) -> None:
    samples = [f"sample:{digit}" for digit in range(10)]
    result = nnfang("predict", *samples)
    assert "".join(line[0] for line in result.stdout.splitlines()) == "0123456789"
    assert re.fullmatch(
        r"Using the network that comes with nnfang \(784-128-64-10, 99\.\d\d% of the test images of mnist "
        r"classified correctly\)\. Train your own with: nnfang train\n",
        result.stderr,
    )
    assert nnfang.inside("predict", "-q", *samples).stderr == result.stderr
    shutil.copytree(trained.folder, nnfang.folder / "runs/mine")
    assert "Using runs/mine" in nnfang.inside("predict", "sample:7").stderr
    assert nnfang.inside("predict", "-q", "sample:7").stderr == ""
    named = nnfang.inside("predict", "-m", "bundled", *samples)
    assert (named.stdout, named.stderr) == (result.stdout, "")


def test_a_name_that_is_nearly_that_of_a_model_leads_to_it(nnfang: Nnfang, trained: Trained) -> None:
    shutil.copytree(trained.folder, nnfang.folder / "runs" / "own")
    for name, meant in (("own", Path("runs", "own")), ("runs/onw", Path("runs", "own")), ("bundeld", "bundled")):
        stderr = nnfang.inside("predict", "-m", name, "sample:7", code=6).stderr
        assert f'Did you mean "{meant}"?' in stderr
    assert "Did you mean" not in nnfang.inside("predict", "-m", "a.npz", "sample:7", code=6).stderr


def test_a_file_called_bundled_can_be_named_too(nnfang: Nnfang, trained: Trained) -> None:
    shutil.copy(trained.folder / "best.npz", nnfang.folder / "bundled")
    other, own = (
        nnfang.inside("predict", "-m", name, "--format", "json", "sample:2").objects[0]["probability"]
        for name in ("bundled", "./bundled")
    )
    assert other != own


def test_a_network_without_probabilities_gives_scores(digits: Digits, nnfang: Nnfang) -> None:
    linear = ("--set", "loss=mean_squared_error", "--set", "layers[2].activation=linear")
    nnfang.train(*linear, "-o", "run")
    (answer,) = nnfang("predict", "-m", "run", "--format", "json", digits[0]).objects
    assert list(answer) == ["path", "label", "score", "familiarity", "rejected", "scores", "prepared", "warnings"]
    assert answer["score"] == max(answer["scores"].values())
    table = nnfang("predict", "-m", "run", "--format", "csv", digits[0]).stdout
    assert table.startswith("path,label,score,familiarity,error\n")
    assert re.match(r"\d  +-?\d\.\d{3}  \S", nnfang("predict", "-m", "run", digits[0]).stdout)


def test_classes_have_the_names_of_the_folders_they_were_trained_from(nnfang: Nnfang) -> None:
    rng = np.random.default_rng(2)
    for name, level in (("coat", 40), ("shirt", 200)):
        (nnfang.folder / "clothes" / name).mkdir(parents=True)
        for number in range(10):
            pixels = np.clip(rng.normal(level, 10, (30, 30)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(nnfang.folder / "clothes" / name / f"{number}.png")
    arguments = ("--dataset", "clothes", "--epochs", "20", "--set", "layers[2].units=2", "--set", "validation_split=0")
    trained = nnfang("train", *arguments, "-o", "runs/clothes")
    assert "every fifth picture of each class is kept for the test: 4 of 20" in trained.stderr
    answers = nnfang("predict", "--format", "json", "clothes/shirt/9.png", "clothes/coat/9.png").objects
    assert [answer["label"] for answer in answers] == ["shirt", "coat"]
    assert list(answers[0]["probabilities"]) == ["coat", "shirt"]
    evaluated = nnfang("evaluate")
    assert "shirt" in evaluated.stdout
    assert "runs/clothes" in evaluated.stderr.replace(os.sep, "/")
    assert "bundled" not in evaluated.stderr  # whose classes are others


def test_a_network_of_plain_numbers_takes_no_pictures(digits: Digits, nnfang: Nnfang) -> None:
    x, y = np.random.default_rng(1).random((50, 6)), np.arange(50) % 2
    np.savez(nnfang.folder / "flat.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    nnfang("train", "--dataset", "flat.npz", "--epochs", "1", "--set", "layers[2].units=2", "-o", "run")
    result = nnfang("predict", "-m", "run", digits[0], code=1)
    assert result.stdout == ""
    assert result.stderr == "Error: this network's inputs are 6 numbers, not a picture of a height and a width\n"
    assert "accuracy" in nnfang("evaluate", "-m", "run").stdout


def test_no_class_is_too_few(digits: Digits, predict: Predict) -> None:
    assert "--top" in predict("--top", "0", digits[0], code=2).stderr


THREADS = """
import sys
from pathlib import Path
from nnfang.commands import main
try:
    main()
finally:
    print(len(list(Path("/proc/self/task").iterdir())), file=sys.stderr)
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the threads of a process are counted by Linux")
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_no_thread_pool_is_started(command: str, predict: Predict, tmp_path: Path) -> None:
    Image.fromarray(np.pad(np.eye(20, dtype=np.uint8) * 255, 4)).save(tmp_path / "a.png")
    pictures = [str(tmp_path / "a.png")] if command == "predict" else []
    arguments = [command, "-q", "-m", str(predict.trained.folder), *pictures]
    done = subprocess.run([sys.executable, "-c", THREADS, *arguments], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "1"


@pytest.fixture
def stranger(nnfang: Nnfang) -> str:
    """A letter A."""
    picture = Image.new("L", (120, 120), 255)
    ImageDraw.Draw(picture).text((60, 60), "A", fill=0, font=ImageFont.load_default(64), anchor="mm")
    picture.save(nnfang.folder / "A.png")
    return "A.png"


UNFAMILIAR = r"(fewer than )?0\.\d% of true images are so unlike the training images"


def test_an_unfamiliar_picture_has_an_answer_and_a_warning(stranger: str, nnfang: Nnfang) -> None:
    result = nnfang("predict", "-m", "bundled", stranger, "sample:7")
    assert re.fullmatch(r"\d  +\d+\.\d%  A\.png\n7  +\d+\.\d%  sample:7\n", result.stdout)
    warning = rf"warning: A\.png: unfamiliar, so the answer may mean nothing: {UNFAMILIAR}\n"
    assert re.fullmatch(warning, result.stderr)


def test_what_is_unfamiliar_can_be_rejected(stranger: str, nnfang: Nnfang) -> None:
    result = nnfang("predict", "-m", "bundled", "--reject", stranger, "sample:7", code=1)
    rejected, accepted = result.stdout.splitlines()
    assert re.fullmatch(rf"\?  +\d+\.\d%  A\.png  \(unfamiliar: {UNFAMILIAR}\)", rejected)
    assert re.fullmatch(r"7  +\d+\.\d%  sample:7", accepted)
    assert result.stderr == ""
    assert nnfang("predict", "-m", "bundled", "--reject", "sample:7").code == 0


def test_an_answer_can_be_asked_to_be_probable(stranger: str, nnfang: Nnfang) -> None:
    arguments = ("predict", "-m", "bundled", "--min-probability", "0.999", "--format")
    rejected, accepted = nnfang(*arguments, "json", stranger, "sample:7", code=1).objects
    assert (rejected["label"], accepted["label"], accepted["rejected"]) == (None, "7", None)
    assert re.fullmatch(r"the largest probability is \d\d\.\d%, below 99\.9%", rejected["rejected"])
    assert max(rejected["probabilities"].values()) == rejected["probability"] < 0.999 < accepted["probability"]
    assert rejected["warnings"] == []
    assert 0.001 <= rejected["familiarity"] < 0.01 < accepted["familiarity"]
    table = list(csv.DictReader(nnfang(*arguments, "csv", stranger, "sample:7", code=1).stdout.splitlines()))
    assert [row["label"] for row in table] == ["?", "7"]
    assert [row["error"] for row in table] == [rejected["rejected"], ""]
    assert [float(row["familiarity"]) for row in table] == [rejected["familiarity"], accepted["familiarity"]]


@pytest.mark.parametrize(
    ("fraction", "message"),
    [("95", "expected a number from 0 to 1. Did you mean 0.95?"), ("-0.1", "expected a number from 0 to 1.")],
)
def test_a_probability_is_a_fraction(fraction: str, message: str, nnfang: Nnfang) -> None:
    assert message in nnfang("predict", "--min-probability", fraction, "sample:7", code=2).stderr


def test_what_a_network_cannot_tell_is_not_looked_for(nnfang: Nnfang, trained: Trained) -> None:
    refused = nnfang("predict", "-m", str(trained.folder / "last.npz"), "--reject", "sample:7", code=1)
    assert "this network cannot tell which pictures are unfamiliar, so it can reject none" in refused.stderr
    (answer,) = nnfang("predict", "-m", str(trained.folder / "last.npz"), "--format", "json", "sample:7").objects
    assert answer["familiarity"] is None
    linear = ("--set", "loss=mean_squared_error", "--set", "layers[2].activation=linear")
    nnfang.train(*linear, "-o", "run")
    refused = nnfang("predict", "-m", "run", "--min-probability", "0.9", "sample:7", code=1)
    assert "this network gives scores, not probabilities" in refused.stderr


def test_several_networks_answer_with_the_mean_of_their_probabilities(predict: Predict, digits: Digits) -> None:
    def ask(*models: str) -> list[dict[str, float]]:
        chosen = [word for model in models for word in ("-m", model)]
        found = predict.nnfang("predict", *chosen, "--format", "json", *map(digits.__getitem__, range(5))).objects
        return [answer["probabilities"] for answer in found]

    own = str(predict.trained.folder)
    for both, one, other in zip(ask(own, "bundled"), ask(own), ask("bundled"), strict=True):
        assert both == pytest.approx({name: (one[name] + other[name]) / 2 for name in one}, abs=1e-6)
