"""``nnfang help``: the same pages as ``--help``."""

from __future__ import annotations

import click

from nnfang.commands import console, formatting
from nnfang.commands.completion import complete_command
from nnfang.commands.groups import Group


@formatting.command(
    "help",
    examples={
        "Show all commands": "nnfang help",
        "Show the options of a command": "nnfang help train",
        "Show those of one that belongs to another": "nnfang help data check",
    },
)
@formatting.argument(
    "names",
    metavar="COMMAND",
    nargs=-1,
    shell_complete=complete_command,
    description="Command to explain.  [default: all commands, one per line]",
)
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of a command."""
    page = ctx.find_root()
    for name in names:
        if not isinstance(page.command, Group):
            page.fail(f'"{page.command_path}" has no commands of its own, such as "{name}".')
        found = page.command.find_command(page, name)
        page = found.context_class(found, info_name=name, parent=page)
    console.write_page(page.get_help())
