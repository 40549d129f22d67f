"""``nnfang recipes``: the recipes that come with nnfang."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnfang.commands import completion, console, options
from nnfang.commands.formatting import argument
from nnfang.commands.formatting import command as command_of

if TYPE_CHECKING:
    from nnfang.config.recipes import RecipeFile


@command_of(
    "recipes",
    examples={
        "List the recipes": "nnfang recipes",
        "Copy one, to start from": "nnfang recipes paper-distorted > mine.yaml",
    },
)
@argument(
    "name",
    metavar="NAME",
    required=False,
    shell_complete=completion.complete_recipe,
    description="Recipe to print with its comments.  [default: a list of all recipes]",
)
@options.as_json
def command(name: str | None, *, as_json: bool) -> None:
    """List the recipes that come with nnfang, or print one.

    A recipe is a YAML file that says what to train, and how.
    """
    from nnfang.config.recipes import find_recipe, list_recipes

    if name is not None:
        recipe = find_recipe(name)
        if as_json:
            console.write_json({**describe(recipe), "yaml": recipe.text})
        else:
            console.write(recipe.text, end="")
    elif as_json:
        for recipe in list_recipes():
            console.write_json(describe(recipe))
    else:
        console.result("\n\n".join(map(summarize, list_recipes())))


def describe(recipe: RecipeFile) -> dict[str, Any]:
    """A recipe for a program."""
    from nnfang.config import sources as config
    from nnfang.core.layers import Dense

    found = config.load(recipe.path, (), {}).recipe
    return {
        "name": recipe.name,
        "description": recipe.description,
        "dataset": found.dataset,
        "units": [layer.units for layer in found.layers if isinstance(layer, Dense)],
        "epochs": found.epochs,
    }


def summarize(recipe: RecipeFile) -> str:
    """A recipe for a person: its name and figures on a line, then what it is."""
    found = describe(recipe)
    units = "-".join(map(str, found["units"]))
    figures = f"{units} on {found['dataset']}, {console.count(found['epochs'], 'epoch')}"
    return f"{recipe.name}\n  {figures}\n  {found['description']}"
