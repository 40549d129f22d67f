"""``nnfang inspect``: what is known of a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnfang.commands import completion, console, options
from nnfang.commands.console import percent
from nnfang.commands.formatting import argument
from nnfang.commands.formatting import command as command_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.meta import DatasetRecord

Facts = dict[str, Any]


@command_of(
    "inspect",
    examples={
        "Inspect the newest run": "nnfang inspect",
        "Inspect the network that comes with nnfang": "nnfang inspect bundled",
        "Write all that is known as JSON, for a program": "nnfang inspect runs/first --json",
    },
)
@argument(
    "model",
    metavar="MODEL",
    type=options.ModelType(),
    required=False,
    shell_complete=completion.complete_model,
    description="Checkpoint, folder of a run (its best.npz), or bundled, which comes with nnfang.  "
    "[default: the newest run under runs/]",
)
@options.as_json
@options.quiet
@options.verbose
def command(model: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Inspect a trained network.

    Prints its layers with shapes and parameters, what it was trained on and how, where it came from, its result, its
    digest and size, and the computer that it was trained on. The file is read whole and checked: a damaged one is an
    error.
    """
    from nnfang.commands.layers import layer_table
    from nnfang.commands.loading import load_model
    from nnfang.reports.identity import identify

    path, checkpoint = load_model(model, is_quiet=quiet)
    facts = identify(path, checkpoint)
    if as_json:
        console.write_json({"model": console.encodable(path), **facts})
        return
    rows = dict(describe(path, facts, checkpoint))
    width = max(map(len, rows))
    lines = (f"{name:{width}}  {console.one_line(text)}" for name, text in rows.items())
    console.result("\n".join([layer_table(checkpoint.network), "", *lines]))


def describe(path: Path, facts: Facts, checkpoint: Checkpoint) -> Iterator[tuple[str, str]]:
    """The facts for a person, each with its name."""
    recipe, test, validated = checkpoint.recipe, facts["test"], facts["validation"]
    is_import = facts["start"] is not None and facts["start"].is_import
    yield "model", str(path)
    if facts["state"]:
        yield "state", ": ".join(filter(None, (facts["state"], facts["reason"])))
    yield "origin", ", ".join(describe_origin(facts))
    yield "made for" if is_import else "trained on", describe_data(facts["dataset"])
    yield "inputs", f"{' x '.join(map(str, facts['input_shape']))}, pictures prepared as {facts['preparation']}"
    yield "classes", ", ".join(facts["class_names"])
    yield "doubt", "knows which pictures are unfamiliar" if facts["familiarity"] else "cannot tell unfamiliar pictures"
    yield "epochs", describe_progress(facts, recipe.epochs)
    optimizer = facts["config"]["optimizer"]["type"]
    yield "optimizer", f"{optimizer}, learning rate {recipe.optimizer.learning_rate:g}, batch size {recipe.batch_size}"
    yield "loss", recipe.loss
    if validated and validated["accuracy"] is not None:
        yield (
            "validation",
            f"{percent(validated['accuracy'])}, loss {validated['loss']:.4f}, epoch {validated['epoch']}",
        )
    if test:
        low, high = test.interval
        images = f"{test.images:,} test images of {test.dataset}"
        yield "test", f"{percent(test.accuracy)} (95% interval {percent(low)} to {percent(high)}), {images}"
    yield "digest", facts["digest"]
    yield "file", f"{facts['bytes']:,} bytes, format {facts['format']}, {facts['dtype']}, by nnfang {facts['nnfang']}"
    yield "machine", describe_machine(facts["environment"]) or "not recorded"


def describe_origin(facts: Facts) -> Iterator[str]:
    """Where a network came from."""
    parent = facts["parent"]
    if facts["kind"] == "export":
        yield "exported for inference only"
    if parent:
        yield f"a fork of {parent.run} at step {parent.step:,}"
    elif facts["kind"] == "run":
        yield "a run"
    if start := facts["start"]:
        fresh = ", the last layer with fresh ones" if start.new_layer else ""
        yield f"imported from {start.model}" if start.is_import else f"begun with the weights of {start.model}{fresh}"
    if facts["resumed"]:
        yield f"resumed at step {' and '.join(f'{step:,}' for step in facts['resumed'])}"
    yield from (
        f"repeated from step {retry.step:,}, because it diverged with learning rate {retry.learning_rate:g}"
        for retry in facts["retries"]
    )


def describe_data(dataset: DatasetRecord) -> str:
    """What a network was trained on, and what was asked for where that was something else."""
    requested = dataset.requested
    instead = f", in place of {requested}" if requested and requested != dataset.name else ""
    return f"{dataset.name}{instead}"


def describe_progress(facts: Facts, planned: int) -> str:
    """How far training had come."""
    begun = f" and {facts['images_of_next_epoch']:,} images of the next" if facts["images_of_next_epoch"] else ""
    return f"{facts['epoch']:,} of {planned:,}{begun}, {facts['step']:,} steps, {facts['engine']} engine"


def describe_machine(environment: Mapping[str, Any]) -> str:
    """The computer, as far as it is recorded."""
    names = ("system", "processor", "python", "numpy", "blas", "blas_kernel")
    labelled = {"python": "Python ", "numpy": "NumPy "}
    return ", ".join(f"{labelled.get(name, '')}{environment[name]}" for name in names if environment.get(name))
