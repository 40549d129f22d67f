"""The commands, and those that belong to one of them."""

from __future__ import annotations

import click

from nnfang.commands import cli
from nnfang.commands.groups import Group

CONTEXT = click.Context(cli)


def list_paths() -> list[tuple[str, ...]]:
    """``("train",)``, ``("data",)``, ``("data", "list")`` and so on."""
    paths: list[tuple[str, ...]] = []
    for name in cli.list_commands(CONTEXT):
        paths.append((name,))
        command = find_command(name)
        if isinstance(command, Group):
            paths += [(name, inner) for inner in command.list_commands(CONTEXT)]
    return paths


def find_command(*path: str) -> click.Command:
    found: click.Command = cli
    for name in path:
        assert isinstance(found, Group)
        found = found.find_command(CONTEXT, name)
    return found
