"""Files that are almost right, to every reader of files that may come from strangers: read, or refused as promised.

``make fuzz`` tries the same for as long as it is told to, each time with others.
"""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.fuzzing.targets import READERS
from nnfang.config import sources as config
from nnfang.config.sources import Override
from nnfang.errors import ConfigError

FEW = settings(
    max_examples=60,
    derandomize=True,  # the same for everybody, each time
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_read_or_refused(name: str, tmp_path: Path) -> None:
    target, path = READERS[name](), tmp_path / "input"

    @FEW
    @given(target.files)
    def give(content: bytes) -> None:
        path.write_bytes(content)
        try:
            target.read(path)
        except target.refusal as error:
            assert str(path) in str(error)  # noqa: PT017 - it may as well be read

    give()


@pytest.mark.parametrize("name", READERS)
def test_what_is_not_damaged_is_read(name: str, tmp_path: Path) -> None:
    target = READERS[name]()
    for number, seed in enumerate(target.seeds):
        path = tmp_path / str(number)
        path.write_bytes(seed)
        target.read(path)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["type", "units", "layers", "rate"]), inner, max_size=4)
    ),
    max_leaves=12,
)
KEYS = ["layers", "optimizer", "layers[0]", "layers[2].units", "schedule.type", "early_stopping", "seed", "dataset"]


@FEW
@given(st.sampled_from(KEYS), TREES)
def test_any_value_of_any_key_is_taken_or_refused_in_a_line_per_fault(key: str, value: Any) -> None:
    try:
        recipe = config.load(None, [Override(key, value, "here")], {}).recipe
        assert config.to_yaml(recipe)
    except ConfigError as error:
        assert max(map(len, str(error).splitlines())) < 1000  # noqa: PT017
