"""Networks in files for other programs, at the command line: what can use them does, and the rest says so in a line."""

import sys

import onnx
import pytest

from tests.commands.conftest import Nnfang, Trained


@pytest.fixture
def carried(nnfang: Nnfang, trained: Trained) -> Nnfang:
    nnfang.inside("export", "-q", "-m", str(trained.folder), "digits.onnx")
    return nnfang


def test_a_graph_is_evaluated_and_predicts_as_its_run_does(carried: Nnfang, trained: Trained) -> None:
    (found,) = carried.inside("evaluate", "-m", "digits.onnx", "--json", "-o", "out").objects
    (expected,) = carried.inside("evaluate", "-m", str(trained.folder), "--json").objects
    assert found["confusion"] == expected["confusion"]
    assert found["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    assert (carried.folder / "out/errors.csv").is_file()
    rows = [carried.inside("predict", "-m", model, "sample:3", "sample:7").stdout for model in ("digits.onnx",)]
    assert rows == [carried.inside("predict", "-m", str(trained.folder), "sample:3", "sample:7").stdout]


def test_what_is_known_of_a_graph_is_shown(carried: Nnfang, trained: Trained) -> None:
    (found,) = carried.inside("inspect", "digits.onnx", "--json").objects
    assert found["kind"] == "export"
    assert found["digest"] == trained.result.end["digest"]
    assert found["test"]["accuracy"] == trained.result.end["test_accuracy"]
    assert found["environment"] == {}


def test_what_only_reads_takes_a_graph_as_well(carried: Nnfang, trained: Trained) -> None:
    (pair,) = carried.inside("compare", "digits.onnx", str(trained.folder), "--json").objects[0]["pairs"]
    assert (pair["mended"], pair["broken"]) == ([], [])
    assert carried.inside("report", "digits.onnx").stdout == "report.html\n"


@pytest.mark.parametrize("arguments", [("train", "--resume"), ("verify",), ("diagnose",)], ids=" ".join)
def test_what_needs_a_run_says_so(arguments: tuple[str, ...], carried: Nnfang) -> None:
    result = carried.inside(*arguments, "digits.onnx", code=2)
    assert result.stderr == "Error: digits.onnx: was exported for inference only, without what it takes to continue\n"


@pytest.mark.parametrize("command", ["evaluate", "inspect"])
def test_weights_for_pytorch_are_no_model(command: str, nnfang: Nnfang, trained: Trained) -> None:
    nnfang.inside("export", "-q", "-m", str(trained.folder), "digits.safetensors")
    arguments = ("-m", "digits.safetensors") if command == "evaluate" else ("digits.safetensors",)
    stderr = nnfang.inside(command, *arguments, code=6).stderr
    assert stderr == (
        "Error: digits.safetensors: holds weights for PyTorch, of which a run has to be made first: "
        "nnfang import digits.safetensors\n"
    )
    assert stderr.count("\n") == 1


def test_a_wrong_file_is_one_message(carried: Nnfang) -> None:
    (carried.folder / "text.onnx").write_text("not a model")
    model = onnx.load(carried.folder / "digits.onnx")
    del model.metadata_props[:]
    onnx.save(model, carried.folder / "foreign.onnx")
    for name, words in (
        ("text.onnx", "not a checkpoint, or damaged: "),
        ("foreign.onnx", "an ONNX model, but not one that nnfang exported, so it is not known what it takes\n"),
        ("none.onnx", "there is no such file"),
    ):
        for command in ("evaluate", "predict"):
            stderr = carried.inside(command, "-m", name, *(["sample:7"] * (command == "predict")), code=6).stderr
            assert stderr.startswith(f"Error: {name}: {words}"), stderr
            assert stderr.count("\n") == 1


def test_a_missing_onnxruntime_is_one_message(carried: Nnfang, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    stderr = carried.inside("predict", "-m", "digits.onnx", "sample:7", code=6).stderr
    assert stderr == "Error: digits.onnx: running .onnx needs onnxruntime: pip install 'nnfang[onnx]'\n"
    assert carried.inside("inspect", "digits.onnx").code == 0


def test_floats_are_a_choice_of_onnx_alone(nnfang: Nnfang, trained: Trained) -> None:
    export = ("export", "-q", "-m", str(trained.folder), "--floats")
    stderr = nnfang.inside(*export, "x.npz", code=2).stderr
    assert stderr.endswith(": --floats is for .onnx alone\n")
    nnfang.inside(*export, "x.onnx")
    kind = onnx.load(nnfang.folder / "x.onnx").graph.input[0].type.tensor_type.elem_type
    assert kind == onnx.TensorProto.FLOAT
    assert "7 " in nnfang.inside("predict", "-m", "x.onnx", "sample:7").stdout


@pytest.mark.parametrize("library", ["onnx", "safetensors"])
def test_a_missing_library_of_an_export_is_named(
    library: str, nnfang: Nnfang, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [name for name in sys.modules if name.startswith(("nnfang.exports.onnx", "nnfang.exports.tensors"))]:
        monkeypatch.delitem(sys.modules, module)
    for module in {library, *(name for name in sys.modules if name.startswith(f"{library}."))}:
        monkeypatch.setitem(sys.modules, module, None)
    stderr = nnfang.inside("export", "-m", str(trained.folder), f"x.{library}", code=1).stderr
    assert stderr == f"Error: .{library} needs {library}: pip install 'nnfang[{library}]'\n"
