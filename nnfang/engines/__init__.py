"""How the maths is run: each engine trains the same network to the same θ, at its own speed."""

from nnfang.engines.batch import BatchEngine
from nnfang.engines.engine import Engine, Task
from nnfang.engines.online import OnlineEngine, obstacle

ENGINES: dict[str, type[BatchEngine] | type[OnlineEngine]] = {
    "batch": BatchEngine,
    "online": OnlineEngine,
}


def choose_engine(name: str, task: Task) -> Engine:
    """The engine called `name`; for "auto" the fastest that can run the task exactly.

    Raises:
        ValueError: The engine called `name` cannot run the task; the message says why.
    """
    if name == "auto":
        name = "batch" if obstacle(task) else "online"
    try:
        return ENGINES[name](task)
    except ValueError as error:
        raise ValueError(f"engine: {error}") from None


__all__ = ["ENGINES", "BatchEngine", "Engine", "OnlineEngine", "Task", "choose_engine"]
