"""Train all points of a sweep, several at a time, until all are done or somebody wants an end."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nnfang.runs.sweeps import work
from nnfang.runs.sweeps.plan import group_points
from nnfang.runs.sweeps.rows import Row, read_row
from nnfang.runs.sweeps.summary import rank

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import Executor, Future

    from nnfang.runs.sweeps.folder import SweepFolder
    from nnfang.runs.sweeps.plan import Plan, Point

TICK = 0.5
"""Seconds between two looks at what is running."""

KEPT = {"done", "diverged"}
"""The states of trainings that are not tried again: they would end as they did."""


@dataclass
class Sweep:
    """A sweep under way. Iterate over `run` to train; what is there already is not trained again.

    Attributes:
        plan: What is trained.
        folder: Where.
        rows: Each training, as last seen.
    """

    plan: Plan
    folder: SweepFolder
    points: list[Point]
    rows: dict[int, Row]

    @classmethod
    def open(cls, plan: Plan, folder: SweepFolder) -> Sweep:
        """A sweep as it is in a folder, before anything more is trained.

        Raises:
            ConfigError: A value of the grid is not allowed.
        """
        points = plan.points()
        return cls(plan, folder, points, {point.number: read_row(point, folder.run(point)) for point in points})

    def run(self, executor: Executor, is_over: Callable[[], bool]) -> Generator[Row | None]:
        """Train. Whoever does not go through to the end closes it, so that the trainings end too.

        Args:
            executor: What runs the trainings: threads here, each of which waits for a process, or the ranks of MPI.
            is_over: Whether no other training shall begin, and those that run shall save and end.

        Yields:
            The row of each training that ended, and now and then None.
        """
        left = self.points
        rungs = self.plan.rungs(len(group_points(left)))
        for place, epochs in enumerate(rungs):
            yield from self._train(left, epochs, executor, is_over)
            if is_over():
                return
            if place < len(rungs) - 1:
                left = self._keep_best(left)

    def _train(
        self, points: list[Point], epochs: int, executor: Executor, is_over: Callable[[], bool]
    ) -> Iterator[Row | None]:
        """Bring some of the trainings to a number of epochs."""
        pending: dict[Future[work.Done], Point] = {}
        for point in points:
            row = self.rows[point.number]
            if row.state in KEPT and (row.state == "diverged" or len(row.history) >= epochs or _ended_early(row)):
                continue
            job = work.Job(self.folder.run(point), replace(point.recipe, epochs=min(epochs, point.recipe.epochs)))
            pending[executor.submit(work.train, job)] = point
        try:
            while pending:
                ended, _ = wait(pending, TICK, FIRST_COMPLETED)
                for future in ended:
                    point = pending.pop(future)
                    if not future.cancelled():
                        yield self._settle(point, future.result())
                if is_over():
                    _stop(pending)
                for point in pending.values():
                    self.rows[point.number] = read_row(point, self.folder.run(point))
                yield None
        finally:  # an error or a second signal leaves some, which nobody would wait for
            if pending:
                _stop(pending)

    def _settle(self, point: Point, done: work.Done) -> Row:
        """The row of a training whose process has ended."""
        row = read_row(point, self.folder.run(point))
        if done.code < 0:
            row = replace(row, state="killed", reason=f"by signal {-done.code}")
        elif done.code and row.state != "diverged" and done.code < work.BY_SIGNAL:
            row = replace(row, state="failed", reason=done.message)
        self.rows[point.number] = row
        return row

    def _keep_best(self, points: list[Point]) -> list[Point]:
        """Those whose setting is among the best so far; the others are stopped."""
        ranked = rank([self.rows[point.number] for point in points])
        kept = {group.setting for group in ranked[: -(-len(ranked) // (self.plan.halving or 1))]}
        for point in points:
            row = self.rows[point.number]
            if point.setting not in kept and row.state == "done":
                self.rows[point.number] = replace(row, state="stopped")
        return [point for point in points if point.setting in kept]


def _stop(pending: Iterable[Future[work.Done]]) -> None:
    """Begin none of these trainings, and let those that run save and end."""
    for future in pending:
        future.cancel()
    work.CHILDREN.stop()


def _ended_early(row: Row) -> bool:
    """Whether early stopping ended a training before its last epoch."""
    patience = row.point.recipe.early_stopping
    return bool(patience and row.best and len(row.history) - row.best.epoch >= patience.patience)
