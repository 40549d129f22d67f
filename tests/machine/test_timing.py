from functools import partial
from math import isfinite
from time import perf_counter

import pytest

from nnfang.machine import timing
from nnfang.machine.timing import product_speed, take_turns


def test_runs_take_turns_and_the_first_round_is_not_counted() -> None:
    order: list[str] = []
    seconds = take_turns({name: partial(order.append, name) for name in "ab"}, 3)
    assert order == ["a", "b"] * 4
    assert [len(times) for times in seconds.values()] == [3, 3]
    assert min(min(times) for times in seconds.values()) > 0


def test_the_speed_of_a_product_is_operations_over_seconds() -> None:
    start = perf_counter()
    speed, _ = product_speed((512, 512, 512), 5)
    seconds = perf_counter() - start
    assert 2 * 512**3 / seconds < speed < 1e14  # each of six products took less than all of them together


@pytest.mark.parametrize(("slowest", "is_disturbed"), [(1.2, False), (1.3, True)])
def test_a_round_much_slower_than_the_fastest_tells_of_other_programs(
    slowest: float, is_disturbed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "take_turns", lambda *_: {"product": [1.0, 1.1, slowest]})
    speed, was_disturbed = product_speed((10, 10, 10))
    assert speed == pytest.approx(2000 / 1.1)
    assert was_disturbed is is_disturbed


def test_by_a_clock_that_stands_still_everything_takes_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "perf_counter", lambda: 1.0)
    speed, is_busy = product_speed((2, 2, 2), 3)
    assert isfinite(speed)
    assert not is_busy
