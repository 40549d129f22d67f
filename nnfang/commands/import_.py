"""``nnfang import``: weights that another program trained -> a run."""

from __future__ import annotations

from functools import partial
from math import isfinite, prod
from typing import TYPE_CHECKING

import click

from nnfang.commands import console, options
from nnfang.commands.formatting import argument, option
from nnfang.commands.formatting import command as command_of
from nnfang.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.core.network import Network
    from nnfang.exports.weights import Layout, Weights
    from nnfang.runs.recorder import RecordedTraining, Result
    from nnfang.training.recipe import Recipe

WEIGHTS = "Weights"
"""The group of the options that no other command has."""

LAYOUTS = options.ChoiceType(["in-out", "out-in"])


def check_finite(ctx: click.Context, param: click.Parameter, number: float) -> float:
    """Refuse what no pixel can be shifted or divided by."""
    if not isfinite(number) or (param.name == "deviation" and number <= 0):
        raise click.BadParameter(f"found {number:g}, expected a {'positive' if isfinite(number) else 'finite'} number.")
    return number


@command_of(
    "import",
    examples={
        "Import weights that PyTorch saved, for the network of a recipe": (
            "nnfang import mlp.safetensors -c recipe.yaml --dataset mnist-sample"
        ),
        "Import what nnfang exported, which says itself what it is": (
            "nnfang import digits.safetensors -o runs/imported"
        ),
        "Import weights of scikit-learn that were trained on pixels from 0 to 255": (
            "nnfang import mlp.npz -c recipe.yaml --std 0.00392157"
        ),
    },
)
@argument(
    "file",
    metavar="WEIGHTS",
    type=options.PathType(),
    description="File of weights: .safetensors, as of PyTorch, or .npz, as of Keras and scikit-learn.",
)
@options.recipe
@options.settings
@option(
    "--layout",
    group=WEIGHTS,
    type=LAYOUTS,
    metavar=LAYOUTS.metavar,
    help="Take matrices as (inputs, units) or as (units, inputs).  [default: in-out in .npz, out-in in .safetensors]",
)
@option(
    "--mean",
    group=WEIGHTS,
    type=options.NumberType(float),
    default=0.0,
    callback=check_finite,
    metavar="X",
    show_default=True,
    help="The network was trained on pixels from 0 to 1 less X.",
)
@option(
    "--std",
    "deviation",
    group=WEIGHTS,
    type=options.NumberType(float),
    default=1.0,
    callback=check_finite,
    metavar="X",
    show_default=True,
    help="Likewise, and then divided by X.",
)
@options.dataset
@options.offline
@options.run_folder
@option("--force", group=options.OUTPUT, is_flag=True, help="Delete the run that is already in that folder.")
@options.as_json
@options.quiet
@options.verbose
def command(
    file: Path,
    source: Path | None,
    settings: tuple[str, ...],
    layout: Layout | None,
    mean: float,
    deviation: float,
    dataset: str | None,
    output: Path | None,
    *,
    offline: bool,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Import weights that another program has trained.

    Writes a run that holds them, and its result on the test images of the data set. Whatever takes a run takes it:
    predict, evaluate, compare, export, and train --from, which trains it further. What does not fit the layers of the
    recipe is refused with its name and its shape. Weights that nnfang exported bring their recipe along.
    """
    from nnfang.commands import training
    from nnfang.commands.loading import load_dataset
    from nnfang.exports.importing import import_weights
    from nnfang.exports.weights import open_weights
    from nnfang.runs import session
    from nnfang.training.events import End

    training.check_folder(output, force=force)
    with open_weights(file) as weights:
        overrides = training.read_overrides(settings, {"dataset": dataset})
        resolved = training.load_config(source, overrides, find_base(weights, source))
        load = partial(load_dataset, is_offline=offline, is_quiet=quiet)
        data = training.obtain_dataset(resolved, load)
        recipe = training.size_output(resolved, data)
        with training.blaming(resolved):
            begin = import_weights(weights, recipe, data, layout=layout, mean=mean, deviation=deviation)
        if not quiet:
            console.note(describe(weights, begin.network))
    with training.blaming(resolved), session.start(recipe, data, output, force=force, begin=begin) as imported:
        result = imported.finish(End(0, 0, "done"))
    if as_json:
        console.write_json({"weights": console.encodable(file), **result.metrics})
    else:
        console.result(summary(result, imported))


def find_base(weights: Weights, source: Path | None) -> Recipe | None:
    """The recipe that a file of weights brings along; None where there is none and another one says it all.

    Raises:
        ConfigError: There is none at all.
    """
    from nnfang.runs.format import read_recipe

    if weights.meta:
        return read_recipe(weights.meta, weights.path)
    if source is None:
        reason = "holds weights alone; say with -c, by a recipe, which layers and activations they are for"
        raise ConfigError(reason, weights.path)
    return None


def describe(weights: Weights, network: Network) -> str:
    """What was found, and what becomes of it."""
    arrays = [tensor for pair in weights.pairs for tensor in (pair.matrix, pair.vector)]
    converted = sorted({tensor.dtype for tensor in arrays} - {str(network.dtype)})
    parameters = sum(prod(tensor.shape) for tensor in arrays)
    became = f", {' and '.join(converted)} converted to {network.dtype}" if converted else ""
    if weights.meta:
        is_same = weights.meta.theta_sha256 == network.theta_sha256
        became += ", the same that nnfang exported" if is_same else ", others than nnfang exported"
    return f"{weights.path}: {console.count(len(weights.pairs), 'dense layer')}, {parameters:,} parameters{became}"


def summary(result: Result, imported: RecordedTraining) -> str:
    """The result for a person, with the command to try next."""
    from nnfang.commands.following import suggest_use, test_lines
    from nnfang.commands.loading import is_like_guessing

    folder = imported.run.folder
    lines = [*test_lines(result.test, imported.data), f"saved in       {folder}"]
    if is_like_guessing(result.test.accuracy, len(imported.data.class_names)):
        reason = "little better than guessing: are the activations right, and --mean and --std of the pixels?"
        lines.append(f"caution        {reason}")
    return "\n".join([*lines, f"try            {suggest_use(imported)}"])
