"""Choosing between one thread and several, with times that the test invents."""

import pytest

from nnfang.machine.threads import ROUNDS, ThreadTrial


class Machine:
    """Where a chunk of images takes as long as the test says, by the number of threads."""

    def __init__(self, one: float, several: float) -> None:
        self.seconds = {1: one, 4: several}
        self.threads = 0
        self.trial = ThreadTrial(4, self.switch)

    def switch(self, threads: int) -> None:
        self.threads = threads

    def train(self, chunks: int) -> list[str]:
        said = [self.trial.record(100, self.seconds[self.threads]) for _ in range(chunks)]
        return [words for words in said if words]


def test_it_begins_with_one_thread_and_tries_each_as_often() -> None:
    machine = Machine(1.0, 1.0)
    tried = []
    for _ in range(2 * ROUNDS):
        tried.append(machine.threads)
        machine.train(1)
    assert tried == [1, 4] * ROUNDS


@pytest.mark.parametrize(("several", "threads"), [(0.5, 4), (0.86, 4), (0.88, 1), (1.0, 1), (1.5, 1)])
def test_several_threads_are_kept_if_they_are_much_faster(several: float, threads: int) -> None:
    machine = Machine(1.0, several)
    (decision,) = machine.train(100)
    assert machine.threads == threads
    assert decision.endswith(f"4 threads were {1 / several:.2f} times as fast as 1")


def test_another_program_that_wants_the_processors_ends_the_trial_at_once() -> None:
    machine = Machine(1.0, 50.0)
    assert len(machine.train(2)) == 1
    assert machine.threads == 1


def test_another_program_that_starts_later_gets_the_processors_too() -> None:
    machine = Machine(1.0, 0.5)
    machine.train(2 * ROUNDS)
    machine.seconds[4] = 1.4
    assert machine.train(20) == []
    assert machine.threads == 4
    machine.seconds[4] = 1.6
    assert machine.train(20) == ["BLAS is back to 1 thread: with 4 a step took 3 times as long as before"]
    assert machine.threads == 1
