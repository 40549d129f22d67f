"""Gradient descent with batch size 1 (Algorithm 3): each sample changes the weights that the next one meets.

Every layer takes its inputs as entries, a position and a value: of the image what is not 0, of a layer with relu what
it lets through, of any other layer all units. Everything then runs along the rows of V that belong to entries; where
the input is 0, V_i is neither needed nor changed. delta is e = -α δ here, so that V_i += a_i e (eq. 44).
"""

import numpy as np

from nnfang.engines.kernels import sparse
from nnfang.engines.kernels.compilation import part
from nnfang.engines.kernels.elementwise import RELU, activate, clear_padding, differentiate
from nnfang.engines.kernels.layout import CODE, ENTRIES, OUTPUTS, PADDED, START, UNITS, N, P, for_columns
from nnfang.engines.kernels.lists import append_lanes, place, value
from nnfang.engines.kernels.losses import differentiate_loss
from nnfang.engines.kernels.updates import RATE
from nnfang.engines.kernels.vectors import LANES, load, multiply_add, put, store, total, zeros


def train(x, labels, rates, loss, layers, units, pixels, entries, counts, results):
    """Take a step per row of x.

    Args:
        x: (rows, inputs).
        labels: (rows,).
        rates: (rows, 3), see `nnfang.engines.kernels.updates`.
        loss: See `nnfang.engines.kernels.losses`.
        layers: See `nnfang.engines.kernels.layout`.
        units: For one sample.
        pixels: Room for the entries of one row of x.
        entries: The same for the inputs of the other layers.
        counts: (layers,), receives how many each layer has.
        results: (2,), to which the loss of each row is added, and how many are classified correctly.
    """
    flat, plan, last = x.reshape(-1), layers.plan, len(layers.plan) - 1
    at, n, outputs = plan[last, UNITS], plan[last, N], plan[last, OUTPUTS]
    for k in range(len(x)):
        counts[0] = sparse.extract(flat, k, 1, x.shape[1], pixels)
        forward(layers, units, pixels.of, entries, counts)
        differentiate_loss(loss, units.z, at, outputs, n, labels[k], -rates[k, RATE], units.delta, results)
        backward(layers, units, pixels.of, entries, counts)


@part
def forward(layers, units, pixels, entries, counts):
    """Algorithm 2, which lists the entries of each layer but the first."""
    plan = layers.plan
    for i in range(len(plan)):
        inputs, n, start, at = plan[i, P], plan[i, N], plan[i, START], plan[i, UNITS]
        V = layers.padded.theta if plan[i, PADDED] else layers.own.theta
        first = plan[i, ENTRIES]
        if i == 0:
            for_columns(_forward_columns, n, V, (pixels, 0, counts[0], V, start, n, inputs, units.z, at))
        else:
            for_columns(_forward_columns, n, V, (entries, first, first + counts[i], V, start, n, inputs, units.z, at))
        if i < len(plan) - 1:
            activate(plan[i, CODE], units.z, units.a, at, n)
            clear_padding(plan[i, CODE], units.a, at, 1, plan[i, OUTPUTS], n)
            counts[i + 1] = list_entries(plan[i, CODE], units.a, at, n, entries, plan[i + 1, ENTRIES])


@part
def _forward_columns(zero, column, rest):
    entries, first, end, V, start, n, inputs, z, at = rest
    sums = sparse.add_rows(zero, entries, first, end, V, start + column, n)
    store(load(V, start + inputs * n + column, zero) + sums, z, at + column)


@part
def list_entries(code, a, start, n, entries, at):
    """The entries of a layer of n units, from `at` on.  Returns how many there are.

    Where Q'(z) is not 0, a unit whose a is 0 has a δ all the same: only relu can leave it out.
    """
    if code != RELU:
        for i in range(n):
            put(np.int32(i), entries.places, at + i)
            put(a[start + i], entries.values, at + i)
        return n
    end = at
    for i in range(0, n, LANES):
        end = append_lanes(a, start + i, i, entries, end)
    return end - at


@part
def backward(layers, units, pixels, entries, counts):
    """Algorithm 1, and the steps of all layers."""
    plan, zero = layers.plan, zeros(units.z, 16)
    for i in range(len(plan) - 1, 0, -1):
        inputs, n, start, at = plan[i, P], plan[i, N], plan[i, START], plan[i, UNITS]
        V, before = layers.padded.theta if plan[i, PADDED] else layers.own.theta, plan[i - 1, UNITS]
        for o in range(before, before + inputs, LANES):
            store(zero, units.delta, o)
        first = plan[i, ENTRIES]
        for_columns(_backward_columns, n, V, (entries, first, first + counts[i], V, start, n, units.delta, at, before))
        differentiate(plan[i - 1, CODE], units.z, units.a, units.delta, before, inputs)
        update_bias(V, start + inputs * n, n, units.delta, at)
    inputs, n, start = plan[0, P], plan[0, N], plan[0, START]
    V = layers.padded.theta if plan[0, PADDED] else layers.own.theta
    for_columns(_update_columns, n, V, (pixels, counts[0], V, start, n, units.delta))
    update_bias(V, start + inputs * n, n, units.delta, 0)


@part
def _backward_columns(zero, column, rest):
    """The layer before gets Wᵀ e (the matrix product of eq. 38), and V_i += a_i e, in one pass over V."""
    entries, first, end, V, start, n, delta, at, before = rest
    e = load(delta, at + column, zero)
    for q in range(first, end):
        i = place(entries, q)
        row = start + i * n + column
        v = load(V, row, zero)
        delta[before + i] += total(v * e)
        store(multiply_add(value(entries, q), e, v), V, row)


@part
def _update_columns(zero, column, rest):
    """V_i += x_i e for the first layer, whose inputs need no e."""
    pixels, count, V, start, n, delta = rest
    e = load(delta, column, zero)
    for q in range(count):
        row = start + place(pixels, q) * n + column
        store(multiply_add(value(pixels, q), e, load(V, row, zero)), V, row)


@part
def update_bias(V, start, n, e, at):
    """b += e."""
    zero = zeros(V, 16)
    for j in range(0, n, LANES):
        store(load(V, start + j, zero) + load(e, at + j, zero), V, start + j)
