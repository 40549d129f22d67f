"""The loss at complex numbers: JAX, which has derivatives of its own, finds the same slopes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnfang.core.layers import Dense
from nnfang.training.continuation import Continuation
from tests.core import witness
from tests.core.problems import HIDDEN, OUTPUTS, Problem


@pytest.mark.parametrize(("loss", "output"), OUTPUTS)
@pytest.mark.parametrize("activation", HIDDEN)
def test_the_complex_step_is_the_derivative_that_jax_finds(activation: str, loss: str, output: str) -> None:
    problem = Problem.random([Dense(6, activation), Dense(4, activation), Dense(3, output)], 5, 4, loss)
    network, (x, y) = problem.network, (problem.x, problem.y)
    problem.gradient()
    names = witness.activations_of(network)
    parameters = [tuple(map(jnp.asarray, pair)) for pair in network.parameters]
    found = jax.grad(witness.mean_loss, argnums=(2, 3))(names, loss, parameters, x, y)
    complex_step = Continuation(network, loss, x, y, problem.workspace)
    rng = np.random.default_rng(0)
    for i, (dW, db) in enumerate(found[0]):
        direction, change = rng.normal(0, 1, dW.shape), rng.normal(0, 1, db.shape)
        assert complex_step.along_weights(i, direction) == pytest.approx(float((dW * direction).sum()), rel=1e-12)
        assert complex_step.along_bias(i, change) == pytest.approx(float((db * change).sum()), rel=1e-12)
    direction = rng.normal(0, 1, x.shape)
    assert complex_step.along_input(direction) == pytest.approx(float((found[1] * direction).sum()), rel=1e-12)
