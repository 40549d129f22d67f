"""``nnfang recipes``: the recipes that come with nnfang."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, Any

import click

from nnfang.commands import console, options

if TYPE_CHECKING:
    from nnfang.config.recipes import RecipeFile

MOST_COLUMNS = 100


def complete_recipe(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The names of the recipes, for the shell."""
    from nnfang.config.recipes import list_recipes

    return [recipe.name for recipe in list_recipes() if recipe.name.startswith(incomplete)]


@click.command("recipes")
@click.argument("name", metavar="[NAME]", required=False, shell_complete=complete_recipe)
@options.as_json
def command(name: str | None, *, as_json: bool) -> None:
    """List the recipes that come with nnfang, or print one.

    A recipe is a YAML file that says how to train. With NAME its commented text is printed, to start from.

    \b
    nnfang recipes
    nnfang recipes paper-distorted > mine.yaml
    nnfang train -c paper-distorted
    """
    from nnfang.config.recipes import find_recipe, list_recipes

    if name is not None:
        recipe = find_recipe(name)
        if as_json:
            options.write_json({**describe(recipe), "yaml": recipe.text})
        else:
            click.echo(recipe.text, nl=False)
    elif as_json:
        for recipe in list_recipes():
            options.write_json(describe(recipe))
    else:
        click.echo("\n\n".join(map(summarize, list_recipes())))


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
    columns = min(MOST_COLUMNS, shutil.get_terminal_size().columns)
    figures = f"{units} on {found['dataset']}, {console.count(found['epochs'], 'epoch')}"
    texts = (figures, found["description"])
    return "\n  ".join([recipe.name, *(line for text in texts for line in textwrap.wrap(text, columns - 2))])
