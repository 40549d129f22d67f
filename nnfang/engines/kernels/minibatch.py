"""Mini-batch gradient descent: Algorithm 3, with the mean gradient of several samples per step."""

from nnfang.engines.kernels import sparse
from nnfang.engines.kernels.compilation import part
from nnfang.engines.kernels.elementwise import activate, clear_padding, differentiate, multiply
from nnfang.engines.kernels.layout import CODE, MASK, OUTPUTS, PADDED, START, UNITS, N, P
from nnfang.engines.kernels.losses import differentiate_loss
from nnfang.engines.kernels.tiles import add_product, transpose_matrix, update_product
from nnfang.engines.kernels.updates import update
from nnfang.engines.kernels.vectors import LANES, load, store, zeros

BLOCK = 64
"""Samples whose gradient of the first layer is taken at a time, where the update is linear: their delta then stays in
the nearest cache."""

ROWS = 8
"""Samples are padded to a multiple of this many, so that tiles need not look where they end."""


def train(
    x,
    labels,
    rates,
    linear,
    loss,
    layers,
    size,
    units,
    W,
    pixels,
    buckets,
    capacity,
    masks,
    results,
):
    """Take a step per row of `rates`.

    Args:
        x: (rows, inputs).
        labels: (rows,).
        rates: (steps, 3), see `nnfang.engines.kernels.updates`.
        linear: Whether the samples of a mini-batch may be added to the weights in turn.
        loss: See `nnfang.engines.kernels.losses`.
        layers: See `nnfang.engines.kernels.layout`.
        size: Samples per step.
        units: For a mini-batch, as are `pixels` and `buckets`.
        W: Scratch for the weights of a layer.
        pixels: The same.
        buckets: The same.
        capacity: Samples that a bucket has room for.
        masks: The dropout masks of all rows, layer after layer.
        results: (2,), to which the loss of each row is added, and how many are classified correctly.
    """
    p, room, flat = x.shape[1], (size + ROWS - 1) // ROWS * ROWS, x.reshape(-1)
    for step in range(len(rates)):
        begin = step * size
        m = min(size, len(x) - begin)
        sparse.extract(flat, begin, m, p, pixels)
        forward(m, room, layers, units, pixels, masks, begin)
        differentiate_output(m, room, begin, layers.plan, loss, labels, units, results)
        backward(m, room, layers, units, W, masks, begin, rates[step])
        update_first(m, linear, layers, units, pixels, buckets, capacity, rates[step])


@part
def forward(m, room, layers, units, pixels, masks, begin):
    """Algorithm 2, for m samples, the first of which is row `begin`."""
    plan, rows = layers.plan, (m + ROWS - 1) // ROWS * ROWS
    for i in range(len(plan)):
        inputs, n, start, at = plan[i, P], plan[i, N], plan[i, START], room * plan[i, UNITS]
        V = layers.padded.theta if plan[i, PADDED] else layers.own.theta
        copy_bias(V, start + inputs * n, n, rows, units.z, at)
        if i == 0:
            sparse.forward(m, inputs, pixels, V, start, n, units.z)
        else:
            add_product(rows, inputs, units.a, room * plan[i - 1, UNITS], inputs, V, start, n, units.z, at)
        if i < len(plan) - 1:
            activate(plan[i, CODE], units.z, units.a, at, rows * n)
            clear_padding(plan[i, CODE], units.a, at, rows, plan[i, OUTPUTS], n)
            if plan[i, MASK] >= 0:
                multiply(masks, plan[i, MASK] + begin * n, units.a, at, m * n)


@part
def differentiate_output(m, room, begin, plan, loss, labels, units, results):
    """The output layer's delta, of the mean over m samples, the first of which is row `begin`."""
    last = len(plan) - 1
    n, at, outputs = plan[last, N], room * plan[last, UNITS], plan[last, OUTPUTS]
    scale = units.z.dtype.type(1) / units.z.dtype.type(m)
    for k in range(m):
        row = at + k * n
        differentiate_loss(loss, units.z, row, outputs, n, labels[begin + k], scale, units.delta, results)


@part
def backward(m, room, layers, units, W, masks, begin, rate):
    """Algorithm 1, and the steps of all layers but the first."""
    plan, rows, zero = layers.plan, (m + ROWS - 1) // ROWS * ROWS, zeros(W, 16)
    for i in range(len(plan) - 1, 0, -1):
        inputs, n, start, at = plan[i, P], plan[i, N], plan[i, START], room * plan[i, UNITS]
        of = layers.padded if plan[i, PADDED] else layers.own
        before, code = room * plan[i - 1, UNITS], plan[i - 1, CODE]
        transpose_matrix(of.theta, start, inputs, n, W)  # as it was in the forward pass: now, not after the update
        for o in range(before, before + rows * inputs, LANES):
            store(zero, units.delta, o)
        add_product(rows, plan[i, OUTPUTS], units.delta, at, n, W, 0, inputs, units.delta, before)
        update_product(inputs, m, units.a, before, units.delta, at, n, of, start, rate)
        update_bias(m, units.delta, at, n, of, start + inputs * n, rate)
        if plan[i - 1, MASK] >= 0:
            multiply(masks, plan[i - 1, MASK] + begin * inputs, units.delta, before, m * inputs)
            activate(code, units.z, units.a, before, rows * inputs)  # without the mask, as Q' needs it
            clear_padding(code, units.a, before, rows, plan[i - 1, OUTPUTS], inputs)
        differentiate(code, units.z, units.a, units.delta, before, rows * inputs)


@part
def update_first(m, linear, layers, units, pixels, buckets, capacity, rate):
    """The step of the first layer (eq. 39 and 40)."""
    plan = layers.plan
    of = layers.padded if plan[0, PADDED] else layers.own
    inputs, n, start = plan[0, P], plan[0, N], plan[0, START]
    block = min(BLOCK, m) if linear else m
    for first in range(0, m, block):
        sparse.sort(first, min(first + block, m), inputs, capacity, pixels, buckets)
        sparse.update_rows(inputs, capacity, buckets, units.delta, n, not linear, of, start, rate)
    update_bias(m, units.delta, 0, n, of, start + inputs * n, rate)


@part
def copy_bias(b, start, n, rows, z, at):
    """Each row of z := b."""
    zero = zeros(z, 16)
    for j in range(0, n, LANES):
        v = load(b, start + j, zero)
        for k in range(rows):
            store(v, z, at + k * n + j)


@part
def update_bias(rows, delta, at, n, of, start, rate):
    """Take the step of b, whose gradient is the sum of delta over the samples (eq. 40)."""
    zero = zeros(delta, 16)
    for j in range(0, n, LANES):
        g = zero
        for k in range(rows):
            g = g + load(delta, at + k * n + j, zero)
        update(of, g, start + j, rate)
