"""A run's folder: made, filled while training goes on, and found again."""

import json
from pathlib import Path

import pytest

from nnfang.config import sources as config
from nnfang.errors import NnfangError
from nnfang.runs import folder as runs
from nnfang.runs.folder import FILES
from nnfang.training.events import Epoch
from tests.shades import NOW, RECIPE


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def create(folder: Path | None, *, force: bool = False) -> runs.Run:
    """A run whose training ended at once."""
    with runs.create(folder, "mnist", NOW, force=force) as run:
        return run


# Folders


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("mnist", "20240229-130509-mnist"),
        ("fashion-mnist", "20240229-130509-fashion-mnist"),
        ("some/where/digits.npz", "20240229-130509-digits"),
        ("/data/my digits/", "20240229-130509-my digits"),
        ("/", "20240229-130509-data"),
        (".", "20240229-130509-data"),
        ("ü", "20240229-130509-ü"),
    ],
)
def test_a_folder_is_named_after_time_and_data_set(dataset: str, name: str) -> None:
    with runs.create(None, dataset, NOW) as run:
        assert run.folder == Path("runs") / name
        assert run.folder.is_dir()
        assert run.find_files() == []


def test_runs_of_the_same_second_get_a_number() -> None:
    names = [create(None).folder.name for _ in range(3)]
    assert names == ["20240229-130509-mnist", "20240229-130509-mnist-2", "20240229-130509-mnist-3"]


def test_a_folder_of_ones_own_may_hold_anything_but_a_run(home: Path) -> None:
    (home / "out").mkdir()
    (home / "out" / "notes.txt").write_text("mine")
    run = create(Path("out"))
    assert (run.folder, run.best, run.last) == (Path("out"), Path("out/best.npz"), Path("out/last.npz"))
    assert create(Path("a/b/c")).folder.is_dir()
    assert sorted(path.name for path in Path("out").iterdir()) == ["notes.txt"]


@pytest.mark.parametrize("name", FILES)
def test_an_earlier_run_is_never_overwritten_unless_forced(home: Path, name: str) -> None:
    (home / "out").mkdir()
    (home / "out" / name).write_text("earlier")
    (home / "out" / "notes.txt").write_text("mine")
    with pytest.raises(runs.FolderInUseError, match=rf"^out: already holds {name}$") as caught:
        create(Path("out"))
    assert caught.value.exit_code == 2
    assert (home / "out" / name).read_text() == "earlier"
    create(Path("out"), force=True)
    assert sorted(path.name for path in (home / "out").iterdir()) == ["notes.txt"]


def test_force_without_an_earlier_run_is_no_mistake() -> None:
    assert create(Path("out"), force=True).folder.is_dir()


def test_a_folder_that_cannot_be_made_is_named(home: Path) -> None:
    (home / "file").write_text("")
    for folder in (Path("file"), Path("file/below")):
        with pytest.raises(NnfangError, match=rf"^{folder}: cannot be created: ") as caught:
            create(folder)
        assert caught.value.exit_code == 1
    (home / "runs").write_text("")
    with pytest.raises(NnfangError, match=r"^runs: cannot be created: "):
        create(None)


# Files


def test_history_has_one_header_and_a_line_per_epoch() -> None:
    run = create(Path("out"))
    run.write_history([Epoch(i, 0.5, 0.75, None, None, 0.1, 2.0, 30.0, "ab", is_best=i == 1) for i in (1, 2)])
    assert Path("out/history.csv").read_text(encoding="utf-8").splitlines() == [
        "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds,images_per_second,digest,is_best",
        "1,0.5,0.75,,,0.1,2.0,30.0,ab,True",
        "2,0.5,0.75,,,0.1,2.0,30.0,ab,False",
    ]


def test_config_and_metrics_can_be_read_back() -> None:
    run = create(Path("out"))
    run.write_config(config.to_yaml(RECIPE))
    assert config.load(Path("out/config.yaml"), [], {}).recipe == RECIPE
    run.write_metrics({"accuracy": 0.1 + 0.2, "loss": float("nan"), "name": "ü"})
    text = Path("out/metrics.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"accuracy": 0.1 + 0.2, "loss": None, "name": "ü"}
    assert text.endswith("}\n")


def test_the_files_of_a_run_are_those_that_are_described() -> None:
    assert [name for name in FILES if name not in (runs.__doc__ or "")] == []
