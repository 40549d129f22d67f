"""Distorting an epoch of images, beside the training that it is for and beside PyTorch doing the same work."""

from collections.abc import Callable
from math import pi
from pathlib import Path
from statistics import median

import numpy as np

import nnfang
from benchmarks import images, tables
from nnfang.core.optimizers import Adam, Optimizer, Sgd
from nnfang.machine.description import find_version
from nnfang.machine.timing import take_turns
from nnfang.training.augment import Augment, Distortion, Elastic, gaussian_blur
from nnfang.training.benchmark import training_run

AUGMENT = Augment(rotate=9, scale=0.09, shear=0.12, shift=1.2, elastic=Elastic(20, 4))
ROWS, FEW, CHUNK, SIDE = 16_384, 256, 1024, 28
Work = tuple[int, Callable[[], object]]


def training(engine: str, name: str, optimizer: Optimizer) -> Work:
    """Training the paper's network at batch size 128."""
    recipe = nnfang.Recipe(optimizer=optimizer, batch_size=128, engine=engine)
    return ROWS, training_run(recipe, *images.pixels(ROWS))[1]


def nnfang_distortion(*, is_compiled: bool) -> Work:
    """A chunk at a time, as training does."""
    pixels = images.load().x_train[np.arange(ROWS) % len(images.load().x_train)]
    distortion = Distortion(AUGMENT, (SIDE, SIDE), 0, is_compiled=is_compiled)
    out = np.empty((CHUNK, SIDE * SIDE), np.float32)

    def run() -> None:
        for start in range(0, ROWS, CHUNK):
            distortion(pixels[start : start + CHUNK], 1, start, out)

    return ROWS, run


def torch_distortion(rows: int, size: int) -> Work:
    """`affine_grid`, noise blurred by two products of matrices, and one `grid_sample`, for `size` images at a time."""
    import torch as t
    from torch.nn import functional

    t.set_num_threads(1)
    pixels = t.from_numpy(images.rows(rows)[0]).reshape(rows, 1, SIDE, SIDE)
    blur = t.from_numpy(gaussian_blur(SIDE, 4).astype(np.float32))

    def distort(batch: t.Tensor) -> t.Tensor:
        m = len(batch)
        angle, shear = ((t.rand(m) * 2 - 1) * most for most in (9 * pi / 180, 0.12))
        size = 1 / (1 + (t.rand(m, 2) * 2 - 1) * 0.09)
        shift = (t.rand(m, 2) * 2 - 1) * 1.2 * 2 / SIDE
        cos, sin = angle.cos(), angle.sin()
        x = t.stack([(shear * sin + cos) * size[:, 0], (shear * cos - sin) * size[:, 0], shift[:, 0]], 1)
        y = t.stack([sin * size[:, 1], cos * size[:, 1], shift[:, 1]], 1)
        grid = functional.affine_grid(t.stack([x, y], 1), [m, 1, SIDE, SIDE], align_corners=False)
        field = blur @ (t.rand(m, 2, SIDE, SIDE) * 2 - 1) @ blur.T * (20 * 2 / SIDE)
        return functional.grid_sample(batch, grid + field.permute(0, 2, 3, 1), align_corners=False)

    def run() -> None:
        for start in range(0, rows, size):
            distort(pixels[start : start + size])

    return rows, run


def run(rounds: int, plots: Path | None) -> None:
    """Print the table."""
    runs = {}
    for engine in ("batch", "compiled") if find_version("numba") else ("batch",):
        for name, optimizer in (("sgd", Sgd(0.01)), ("adam", Adam(0.001))):
            runs[f"training, batch 128, {name}, {engine}"] = training(engine, name, optimizer)
        runs[f"distorting, {engine}"] = nnfang_distortion(is_compiled=engine == "compiled")
    if find_version("torch"):
        runs["distorting, PyTorch's grid_sample, 128 at a time"] = torch_distortion(ROWS, 128)
        runs["distorting, PyTorch's grid_sample, an image at a time"] = torch_distortion(FEW, 1)
    times = take_turns({name: work for name, (_, work) in runs.items()}, rounds)
    print("Seconds per epoch of 60,000 images, one thread; rotation, scale, shear, shift and an elastic field:\n")
    rows = [[name, tables.seconds(median(times[name]) * images.EPOCH / count)] for name, (count, _) in runs.items()]
    tables.show(["", "seconds"], rows)
