"""``nnfang help``: the same pages as ``--help``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from nnfang.commands import console, formatting
from nnfang.commands.completion import complete_command

if TYPE_CHECKING:
    from nnfang.commands import LazyGroup


@formatting.command(
    "help",
    examples={"Show all commands": "nnfang help", "Show the options of a command": "nnfang help train"},
)
@formatting.argument(
    "name",
    metavar="COMMAND",
    required=False,
    shell_complete=complete_command,
    description="Command to explain.  [default: all commands, one per line]",
)
@click.pass_context
def command(ctx: click.Context, name: str | None) -> None:
    """Show the help of a command."""
    page = ctx.find_root()
    if name is not None:
        found = cast("LazyGroup", page.command).find_command(page, name)
        page = found.context_class(found, info_name=name, parent=page)
    console.write_page(page.get_help())
