"""``nnfang check``: the paper's derivation, run on the user's own network."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nnfang.commands import columns, completion, console, options
from nnfang.commands.formatting import command as command_of
from nnfang.commands.formatting import option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nnfang.config.sources import Config
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.training.checking import Check
    from nnfang.training.examples import Examples

WRONG = 1
HEADER = ("tensor", "eq.", "shape", "checked", "largest |g|", "differences", "complex step")
GIVE_WAY = (2, 3, 4, 1)
STEP_HEADER = ("step", "eq.", "steps", "images", "largest change", "error")
STEP_GIVE_WAY = (3, 2, 4, 1)

UNKNOWN = "-"
"""Stands where no difference could be taken, and where the paper has no equation."""


@command_of(
    "check",
    stray=lambda _: "-c",
    examples={
        "Check the paper's network": "nnfang check",
        "Check a network, loss and optimizer of your own": "nnfang check -c digits.yaml",
        "Check the trained network that comes with nnfang": "nnfang check -m bundled",
        "Check a change before training, for a program": "nnfang check --set optimizer.type=adamw --json",
    },
)
@options.recipe
@options.settings
@option(
    "-m",
    "--model",
    group=options.MODEL,
    type=options.ModelType(),
    metavar="MODEL",
    shell_complete=completion.complete_model,
    help="Check at the weights of this network instead of fresh ones, with its own recipe: a checkpoint, the folder of "
    "a run (its best.npz), or bundled, which comes with nnfang.",
)
@option(
    "--seed",
    group=options.MODEL,
    type=options.NumberType(int),
    metavar="N",
    help="Draw weights, images and coordinates from N.  [default: 0]",
)
@options.dataset
@options.as_json
@options.quiet
@options.verbose
def command(
    source: Path | None,
    settings: tuple[str, ...],
    model: Path | None,
    *,
    as_json: bool,
    quiet: bool,
    **short: Any,
) -> None:
    """Check the gradients of a network.

    Compares the hand-derived gradient of every tensor, in float64, with finite differences of the loss and with its
    complex-step derivative; the optimizer's step with its sums written out; and the engine that would train with both.
    Exits with 1 if a relative error is above 1e-6. Nothing is trained, and nothing is downloaded.
    """
    from nnfang.commands import beginning, training
    from nnfang.core.network import Network
    from nnfang.runs.starting import begin_with, check_layers
    from nnfang.training.checking import check_recipe

    known = beginning.load(model)
    overrides = training.read_overrides(settings, short)
    resolved = training.load_config(source, overrides, known.recipe if known else None)
    with training.blaming(resolved):
        if known:
            check_layers(known, resolved.recipe)
        data = obtain_images(resolved, known, is_quiet=quiet)
        recipe = training.size_output(resolved, data)
        network = begin_with(known, str(model), recipe, data).network if known else Network.for_recipe(recipe, data)
        found = check_recipe(network, data, recipe, None if quiet else console.note)
    if as_json:
        console.write_json(describe(found, data))
    else:
        show(found, data, recipe.loss)
    if not found.is_right:
        sys.exit(WRONG)


def obtain_images(resolved: Config, known: Checkpoint | None, *, is_quiet: bool) -> Any:
    """The data set if it is on this computer; for MNIST, else the images that come with nnfang; else noise."""
    from nnfang.commands.loading import load_dataset
    from nnfang.core.network import output_layer
    from nnfang.data import SAMPLE
    from nnfang.errors import UnavailableError
    from nnfang.runs.datasets import PICTURE_SHAPE
    from nnfang.training.checking import draw_images

    recipe = resolved.recipe
    try:
        return load_dataset(recipe.dataset, is_offline=True, is_quiet=is_quiet)
    except UnavailableError:
        if SAMPLE.startswith(f"{recipe.dataset}-"):
            return load_dataset(SAMPLE, is_offline=True, is_quiet=is_quiet)
        if not is_quiet:
            console.note(
                f"{recipe.dataset} is not on this computer, so noise drawn from the seed stands in for its images."
            )
    return draw_images(
        known.meta.input_shape if known else PICTURE_SHAPE, output_layer(recipe.layers).units, recipe.seed
    )


def describe(found: Check, data: Examples) -> dict[str, object]:
    """The result for a program."""
    from nnfang.training.derivatives import TOLERANCE

    return {
        "right": found.is_right,
        "largest_error": found.largest,
        "tolerance": TOLERANCE,
        "images": found.images,
        "data": console.encodable(data.name),
        "tensors": [{**asdict(row), "right": row.is_right} for row in found.rows],
        "steps": [{**asdict(row), "right": row.is_right} for row in found.steps],
    }


def show(found: Check, data: Examples, loss: str) -> None:
    """The result for a person."""
    units = "-".join(map(str, found.network.units))
    console.result(
        f"{units}, {found.network.theta.size:,} parameters, {loss}\n"
        f"{found.images} images: {console.one_line(data.name)}; float64\n"
    )
    columns.show(HEADER, tensor_cells(found), GIVE_WAY)
    console.result("")
    columns.show(STEP_HEADER, step_cells(found), STEP_GIVE_WAY)
    console.result("\n" + "\n".join(verdict(found)))


def tensor_cells(found: Check) -> list[list[str]]:
    """A row for each tensor."""
    return [
        [
            row.name,
            row.equation,
            " x ".join(map(str, row.shape)),
            f"{row.checked:,}",
            f"{row.largest:.2g}",
            UNKNOWN if row.differences is None else f"{row.differences:.0e}",
            f"{row.complex_step:.0e}",
        ]
        for row in found.rows
    ]


def step_cells(found: Check) -> list[list[str]]:
    """A row for the optimizer, and one for the engine."""
    return [
        [
            row.name,
            row.equation or UNKNOWN,
            f"{row.steps}",
            f"{row.rows}",
            f"{row.largest:.2g}",
            f"{row.error:.0e}",
        ]
        for row in found.steps
    ]


def verdict(found: Check) -> Iterator[str]:
    """What follows from it, the worst last."""
    from nnfang.training.derivatives import TOLERANCE

    if aside := sum(row.set_aside for row in found.rows):
        yield f"set aside: {console.count(aside, 'direction')}, in which a unit is at the kink of its activation"
    for row in found.rows:
        if not row.is_told:
            yield f"not told: dL/d{row.name}, which is 0 or lost in rounding, so that a wrong one would look the same"
        if not row.is_right:
            yield f"wrong: dL/d{row.name} (eq. {row.equation})"
    for step in found.steps:
        if not step.is_right:
            yield f"wrong: the step of {step.name}"
        if step.steps < step.planned:
            yield f"diverged: {step.name} after {console.count(step.steps, 'step')}; lower the learning rate"
    if found.is_right:
        yield f"right: no relative error is above {TOLERANCE:.0e}"
