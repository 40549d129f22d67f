"""A sweep over the ranks of MPI, with the mpiexec that comes with the extra mpi."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from nnfang.machine.launcher import Launch, find_launch
from nnfang.runs.overview import look_at
from tests.commands.mpi import finish, needs_mpi, run, start
from tests.commands.processes import descendants, running, wait_for, wait_for_end

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang

SMALL = ("sweep", "-c", "tiny", "--set", "limit=300", "--set", "epochs=2", "--grid", "seed=0..2")


@needs_mpi
def test_ranks_train_what_processes_train(nnfang: Nnfang) -> None:
    result = run(nnfang, *SMALL, "-o", "ranks", ranks=3)
    assert result.stderr.count("3 trainings of mnist-sample, 2 at a time, in ranks") == 1
    assert result.stdout.count("saved in") == 1
    nnfang(*SMALL, "-o", "here", "-q")
    ranks, here = (nnfang("sweep", folder, "-q", "--json").objects[0]["trainings"] for folder in ("ranks", "here"))
    assert [training["digest"] for training in ranks] == [training["digest"] for training in here]
    assert {training["state"] for training in ranks} == {"done"}


@needs_mpi
def test_a_wrong_option_ends_all_ranks_with_one_message(nnfang: Nnfang) -> None:
    result = run(nnfang, "sweep", "-c", "tiny", "--grid", "optimizer.lr=1", code=2)
    assert result.stderr.count("Error:") == 1


@needs_mpi
def test_an_interrupted_job_saves_what_its_ranks_train(nnfang: Nnfang) -> None:
    running = start(nnfang, "sweep", "-c", "tiny", "--set", "epochs=100000", "--grid", "seed=0..1", "-o", "s")
    wait_for(nnfang.folder / "s" / "001" / "history.csv")
    running.send_signal(signal.SIGINT)
    result = finish(running, 130)
    assert "2 trainings left. Continue with: nnfang sweep s" in result.stderr
    assert (nnfang.folder / "s" / "001" / "last.npz").exists()
    (seen,) = nnfang("runs", "s/001", "--json").objects
    assert seen["state"] == "interrupted"


@needs_mpi
def test_a_killed_job_leaves_no_training(nnfang: Nnfang) -> None:
    job = start(nnfang, "sweep", "-c", "tiny", "--set", "epochs=100000", "--grid", "seed=0..2", "-o", "s", ranks=3)
    with job:
        for name in ("001", "002"):
            wait_for(nnfang.folder / "s" / name / "history.csv")
        begun = set(descendants(job.pid))
        try:
            job.kill()
            wait_for_end(begun)
        finally:
            for pid in begun & set(running()):
                os.kill(pid, signal.SIGKILL)
    assert [look_at(nnfang.folder / "s" / name).state for name in ("001", "002")] == ["interrupted"] * 2
    assert not (nnfang.folder / "s" / "003").exists()


def test_without_mpi4py_a_line_says_what_to_install(nnfang: Nnfang, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("without")
    (folder / "mpi4py.py").write_text("raise ImportError")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    result = nnfang(*SMALL, code=1, environment={"PYTHONPATH": path, "PMI_RANK": "0", "PMI_SIZE": "2"})
    assert "one of 2 processes that mpiexec started, which needs mpi4py: pip install 'nnfang[mpi]'" in result.stderr


def test_a_plain_sweep_never_imports_mpi4py(nnfang: Nnfang, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("trap")
    (folder / "mpi4py.py").write_text("raise SystemExit('imported')")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    nnfang(*SMALL, "-q", environment={"PYTHONPATH": path})


@pytest.mark.parametrize(
    ("variables", "launch"),
    [
        ({"PMI_RANK": "1", "PMI_SIZE": "4"}, Launch("mpiexec", 1, 4)),
        ({"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2"}, Launch("mpiexec", 0, 2)),
        ({"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "8"}, Launch("srun", 3, 8)),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, None),  # the batch script itself
        ({"PMI_RANK": "0", "PMI_SIZE": "1"}, None),
        ({"PMI_RANK": "x", "PMI_SIZE": "2"}, None),
        ({}, None),
    ],
)
def test_a_launcher_is_known_by_its_variables(
    variables: dict[str, str], launch: Launch | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith(("PMI_", "OMPI_", "SLURM_")):
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert find_launch() == launch
