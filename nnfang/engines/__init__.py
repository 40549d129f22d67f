"""How the maths is run: each engine trains the same network to the same θ, at its own speed."""

import logging
import warnings

from nnfang.core.constraints import FieldError
from nnfang.engines import compiled
from nnfang.engines.batch import BatchEngine
from nnfang.engines.compiled import CompiledEngine
from nnfang.engines.engine import Engine, Task
from nnfang.engines.online import OnlineEngine
from nnfang.engines.parallel import ParallelEngine
from nnfang.errors import NnfangWarning
from nnfang.machine.ranks import Ranks

ENGINES: dict[str, type[Engine]] = {engine.name: engine for engine in (BatchEngine, OnlineEngine, CompiledEngine)}


logger = logging.getLogger(__name__)


def choose_engine(name: str, task: Task) -> Engine:
    """The engine called `name`; for "auto" the fastest that can run the task exactly.

    Raises:
        FieldError: The engine called `name` cannot run the task; the reason says why.
    """
    if name != "auto":
        logger.info("Engine %s, as the recipe says", name)
        return ENGINES[name](task)
    chosen = fastest(task)
    logger.info("Engine %s, the fastest that can run this exactly%s", chosen, _describe_passed_over(chosen, task))
    return ENGINES[chosen](task)


def share_engine(name: str, task: Task, ranks: Ranks) -> Engine:
    """The engine for one process of several, where `name` is that of the recipe.

    Raises:
        FieldError: That engine cannot share its work, or there is nothing to share.
    """
    if name not in {"auto", ParallelEngine.name}:
        raise FieldError("engine", f"the {name} engine runs in one process; {ParallelEngine.name} can be shared")
    logger.info("Engine %s, shared by %d processes", ParallelEngine.name, ranks.size)
    return ParallelEngine(task, ranks)


def _describe_passed_over(chosen: str, task: Task) -> str:
    """Why not the engines that are faster where they can be used."""
    reasons = []
    if chosen != "compiled":
        reasons.append(f"; compiled {compiled.slower_reason(task) or CompiledEngine.unsupported_reason(task)}")
    if chosen == "batch":
        reasons.append(f"; online {OnlineEngine.unsupported_reason(task)}")
    return "".join(reasons)


def fastest(task: Task) -> str:
    """The name of the engine that runs `task` in the least time on one processor.

    Warns:
        NnfangWarning: It would be the compiled engine, but numba, though installed, cannot be imported.
    """
    if not compiled.unsupported_task(task) and not compiled.slower_reason(task):
        problem = compiled.import_problem()
        if problem is None:
            return "compiled"
        if compiled.is_installed():
            message = f"training is slower than it could be: the compiled engine {problem}"
            warnings.warn(message, NnfangWarning, stacklevel=1)  # once, wherever engines are chosen
    return "batch" if OnlineEngine.unsupported_reason(task) else "online"


def list_available() -> list[str]:
    """The names of the engines that can be used on this computer."""
    return [name for name in ENGINES if name != CompiledEngine.name or compiled.import_problem() is None]


__all__ = [
    "ENGINES",
    "BatchEngine",
    "CompiledEngine",
    "Engine",
    "OnlineEngine",
    "Task",
    "choose_engine",
    "list_available",
    "share_engine",
]
