"""How the maths is run: each engine trains the same network to the same θ, at its own speed."""

from nnfang.core.constraints import FieldError
from nnfang.engines import compiled, online
from nnfang.engines.batch import BatchEngine
from nnfang.engines.compiled import CompiledEngine
from nnfang.engines.engine import Engine, Task
from nnfang.engines.online import OnlineEngine

ENGINES: dict[str, type[BatchEngine] | type[OnlineEngine] | type[CompiledEngine]] = {
    "batch": BatchEngine,
    "online": OnlineEngine,
    "compiled": CompiledEngine,
}


def choose_engine(name: str, task: Task) -> Engine:
    """The engine called `name`; for "auto" the fastest that can run the task exactly.

    Raises:
        FieldError: The engine called `name` cannot run the task; the message says why.
    """
    if name == "auto":
        name = fastest(task)
    try:
        return ENGINES[name](task)
    except ValueError as error:
        raise FieldError("engine", str(error)) from error


def fastest(task: Task) -> str:
    """The name of the engine that runs `task` in the least time on one processor."""
    if task.batch_size <= compiled.QUICKEST_UP_TO and not compiled.obstacle(task):
        return "compiled"
    return "batch" if online.obstacle(task) else "online"


__all__ = ["ENGINES", "BatchEngine", "CompiledEngine", "Engine", "OnlineEngine", "Task", "choose_engine"]
