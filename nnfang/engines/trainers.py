"""The compiled loops with all arrays that they need, allocated once."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from nnfang.core import optimizers
from nnfang.core.arrays import Array, Images, Labels, aligned_empty, scale_pixels
from nnfang.core.layers import Dense
from nnfang.core.optimizers import Optimizer
from nnfang.engines.compilation import load_kernel
from nnfang.engines.engine import Task
from nnfang.engines.kernels import minibatch, online, updates
from nnfang.engines.kernels.elementwise import CODES, LINEAR
from nnfang.engines.kernels.layout import Layers, Units
from nnfang.engines.kernels.lists import Bytes, Lists, Numbers
from nnfang.engines.kernels.losses import LOSSES
from nnfang.engines.kernels.minibatch import BLOCK, ROWS
from nnfang.engines.kernels.sparse import TILE
from nnfang.engines.kernels.vectors import LANES
from nnfang.engines.masks import DropoutMasks
from nnfang.engines.padding import PaddedLayers, round_up


class Trainer(ABC):
    """Trains a network of dense layers.

    Attributes:
        loop: The function that is compiled.
    """

    loop: ClassVar[Callable[..., None]]

    def __init__(self, task: Task, vectors: Sequence[Array], rows: int) -> None:
        """Allocate the arrays for θ and the vectors of the optimizer's state, and for `rows` rows per call."""
        self._kernel = load_kernel(self.loop)
        network = task.network
        activations = [layer.activation for layer in network.layers if isinstance(layer, Dense)]
        self.dropout = DropoutMasks(task, rows)
        self.padding = PaddedLayers(network, [CODES.get(name, LINEAR) for name in activations], self.dropout.starts)
        self.loss = LOSSES[network.output_activation, task.loss]
        self.padded = [self.padding.allocate() for _ in vectors]
        own, padded = (create_update(task.optimizer, arrays) for arrays in (vectors, self.padded))
        self.layers = Layers(own, padded, self.padding.plan)
        self.dtype, self.is_bytes = network.dtype, task.is_bytes
        self.tiles = -(-network.inputs // TILE)

    def read(self, vectors: Sequence[Array]) -> None:
        """Copy the padded layers from θ and the optimizer's state."""
        for vector, padded in zip(vectors, self.padded, strict=True):
            self.padding.read(vector, padded)

    def write(self, vectors: Sequence[Array]) -> None:
        """Copy them back."""
        for vector, padded in zip(vectors, self.padded, strict=True):
            self.padding.write(vector, padded)

    def train(self, x: Images, labels: Labels, rates: Array, results: Array, step: int) -> None:
        """Take a step per row of `rates`.

        Args:
            x: (m, inputs), bytes that stand for 0 to 1, or numbers of the network's dtype.
            labels: (m,).
            rates: (steps, 3), see `nnfang.engines.kernels.updates`.
            results: (2,), to which the loss of each row is added, and how many are classified correctly.
            step: Of the first, counted from 0.
        """
        self.dropout.draw(len(x), step)
        self._kernel(*self.arguments(x, labels, rates, results))

    def prepare(self, x: Images, labels: Labels, rates: Array, results: Array) -> None:
        """Compile `train` for arguments of these types, or load what was compiled before.

        Raises:
            FieldError: It cannot be compiled.
        """
        self._kernel.prepare(*self.arguments(x, labels, rates, results))

    def is_cached(self, x: Images, labels: Labels, rates: Array, results: Array) -> bool:
        """Whether `train` need not be compiled for arguments of these types."""
        return self._kernel.is_cached(*self.arguments(x, labels, rates, results))

    @abstractmethod
    def arguments(self, x: Images, labels: Labels, rates: Array, results: Array) -> tuple[Any, ...]:
        """Of the compiled function."""

    def lists(self, entries: int, ends: int) -> Lists:
        """Room for the lists of inputs that are not 0: the entries of all, and where each list begins."""
        if self.is_bytes:
            fractions = self.zeros(256)
            scale_pixels(np.arange(256, dtype=np.uint8)[:, None], fractions[:, None])
            return Lists(Bytes(self.zeros(entries, np.uint32), fractions), self.zeros(ends, np.int32))
        return Lists(Numbers(self.zeros(entries, np.int32), self.zeros(entries)), self.zeros(ends, np.int32))

    def zeros(self, size: int, dtype: Any = None) -> Any:
        """An aligned array of zeros, of the network's dtype if none is given."""
        array = aligned_empty((size,), np.dtype(dtype or self.dtype))
        array[...] = 0
        return array


class OnlineTrainer(Trainer):
    """Batch size 1."""

    loop = staticmethod(online.train)

    def __init__(self, task: Task, vectors: Sequence[Array], rows: int) -> None:
        super().__init__(task, vectors, rows)
        padding, p = self.padding, task.network.inputs
        self.scratch = (
            Units(*(self.zeros(padding.units) for _ in range(3))),
            self.lists(p + LANES, self.tiles + 1),
            Numbers(self.zeros(padding.entries, np.int32), self.zeros(padding.entries)),
            self.zeros(len(padding.plan), np.int64),
        )

    def arguments(self, x: Images, labels: Labels, rates: Array, results: Array) -> tuple[Any, ...]:
        """See `nnfang.engines.kernels.online.train`."""
        return x, labels, rates, self.loss, self.layers, *self.scratch, results


class MiniBatchTrainer(Trainer):
    """Any batch size."""

    loop = staticmethod(minibatch.train)

    def __init__(self, task: Task, vectors: Sequence[Array], rows: int) -> None:
        super().__init__(task, vectors, rows)
        padding, p, size = self.padding, task.network.inputs, task.batch_size
        self.size, self.is_linear = size, isinstance(self.layers.own, updates.Sgd)
        self.capacity = min(size, BLOCK) if self.is_linear else size
        self.scratch = (
            Units(*(self.zeros(round_up(size, ROWS) * padding.units) for _ in range(3))),
            self.zeros(max([int(p * n) for p, n, *_ in padding.plan[1:]], default=LANES)),
            self.lists(size * p + LANES, size * (self.tiles + 1)),
            self.lists(p * self.capacity, p),
        )

    def arguments(self, x: Images, labels: Labels, rates: Array, results: Array) -> tuple[Any, ...]:
        """See `nnfang.engines.kernels.minibatch.train`."""
        of_task = x, labels, rates, self.is_linear, self.loss, self.layers, self.size
        return *of_task, *self.scratch, self.capacity, self.dropout.masks, results


def create_trainer(task: Task, vectors: Sequence[Array], rows: int) -> Trainer:
    """The trainer for a task.

    Args:
        task: Of dense layers, with dropout after hidden ones.
        vectors: θ and the optimizer's state, which it changes.
        rows: That it is given at a time, at most.
    """
    is_dense = all(isinstance(layer, Dense) for layer in task.network.layers)
    is_online = task.batch_size == 1 and is_dense and update_kind(task.optimizer)[0] is updates.Sgd
    return (OnlineTrainer if is_online else MiniBatchTrainer)(task, vectors, rows)


def create_update(optimizer: Optimizer, arrays: Sequence[Array]) -> Any:
    """The optimizer as `nnfang.engines.kernels.updates` has it, for θ and the vectors of its state."""
    kind, constants = update_kind(optimizer)
    return kind(*arrays, *map(arrays[0].dtype.type, constants))


def update_kind(optimizer: Optimizer) -> tuple[Callable[..., Any], tuple[float, ...]]:
    """The class of an optimizer's update, and its constants.

    Raises:
        TypeError: There is none.
    """
    decay = optimizer.weight_decay
    match optimizer:
        case optimizers.Sgd():
            return (updates.DecayingSgd, (decay,)) if decay else (updates.Sgd, ())
        case optimizers.Momentum(momentum=momentum, nesterov=nesterov):
            return updates.Nesterov if nesterov else updates.Momentum, (decay, momentum)
        case optimizers.RmsProp(decay=keep, epsilon=epsilon):
            return updates.RmsProp, (decay, keep, 1 - keep, epsilon)
        case optimizers.Adam(beta1=beta1, beta2=beta2, epsilon=epsilon):
            kind = updates.AdamW if isinstance(optimizer, optimizers.AdamW) else updates.Adam
            return kind, (decay, beta1, 1 - beta1, beta2, 1 - beta2, epsilon)
    raise TypeError(f"no compiled update for {type(optimizer).__name__}")
