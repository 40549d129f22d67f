"""What a task is where nobody says otherwise: the paper's mini-batches of one, and the masks of seed 0."""

from nnfang.core.layers import Dense
from nnfang.core.network import Network
from nnfang.core.optimizers import Sgd
from nnfang.engines import Task


def test_a_task_takes_one_row_per_step_and_draws_by_seed_0() -> None:
    task = Task(Network.initialize([Dense(2, "softmax")], 3), "categorical_crossentropy", Sgd(), lambda _: 0.1)
    assert (task.batch_size, task.seed) == (1, 0)
