"""Whether nnfang is one of several processes that were started together, by mpiexec or srun; told by the environment.

MPI itself could tell, but only a process that needs it should have to load it.
"""

import os
from dataclasses import dataclass

VARIABLES = (
    ("mpiexec", "PMI_RANK", "PMI_SIZE"),
    ("mpiexec", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)
"""A launcher, and the environment variables in which it gives each process its number and how many there are.

SLURM_NTASKS is no sign: a batch script has it too, and runs only once.
"""


@dataclass(frozen=True)
class Launch:
    """How this process was started.

    Attributes:
        by: The program that did.
        rank: The number of this process, counted from 0.
        size: How many there are: at least two.
    """

    by: str
    rank: int
    size: int


def find_launch() -> Launch | None:
    """How this process was started; None if it was alone."""
    for by, rank, size in VARIABLES:
        numbers = os.environ.get(rank, ""), os.environ.get(size, "")
        if all(map(str.isdecimal, numbers)) and int(numbers[1]) > 1:
            return Launch(by, *map(int, numbers))
    return None
