"""Checkpoints and other files of runs that say what no training says, to every command that reads them.

``make fuzz`` tries the same for as long as it is told to, each time with others.
"""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from benchmarks.fuzzing.targets import COMMANDS

FEW = settings(
    max_examples=25,
    derandomize=True,  # the same for everybody, each time
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("name", COMMANDS)
def test_whatever_a_file_says_a_command_uses_it_or_refuses_it_in_a_message(name: str, tmp_path: Path) -> None:
    target, path, used = COMMANDS[name](), tmp_path / "input", 0
    for seed in target.seeds:
        path.write_bytes(seed)
        with suppress(target.refusal):  # such as to go on from what was exported
            target.read(path)
            used += 1
    assert used

    @FEW
    @given(target.files)
    def give(content: bytes) -> None:
        path.write_bytes(content)
        with suppress(target.refusal):
            target.read(path)

    give()
