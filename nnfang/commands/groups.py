"""Commands that have commands: all of nnfang, and those of ``nnfang data``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from nnfang.commands.formatting import OTHER, SETTINGS, Context, Helpful, option_groups, short_help
from nnfang.names import did_you_mean, find_nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nnfang.commands.formatting import Formatter


class Group(Helpful, click.Group):
    """A group whose page lists each command once, and which answers a slip by the nearest command.

    Attributes:
        examples: What each does -> the line to type.
        synonyms: What other programs call a command -> what to type here.
    """

    context_class = Context

    def __init__(
        self, *args: Any, examples: Mapping[str, str], synonyms: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.synonyms = synonyms or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        return list(self.commands)

    def sections(self, ctx: click.Context) -> Mapping[str, Sequence[str]]:
        """The names of the commands, by what one wants."""
        return {"Commands": self.list_commands(ctx)}

    def find_command(self, ctx: click.Context, name: str) -> click.Command:
        """The command of a name; where there is none, the failure offers the nearest."""
        command = self.get_command(ctx, name)
        if command is None:
            known = self.list_commands(ctx)
            hint = did_you_mean(self.synonyms.get(name) or find_nearest(name, known))
            ctx.fail(f'No such command "{name}".{hint} Known: {", ".join(known)}.')
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first argument names."""
        if ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        return args[0], self.find_command(ctx, args[0]), args[1:]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the page: each command once."""
        page = cast("Formatter", formatter)
        page.write_prose(self.help or "")
        page.write_paragraph()
        self.format_usage(ctx, page)
        commands = {
            heading: [(name, short_help(self.find_command(ctx, name))) for name in names]
            for heading, names in self.sections(ctx).items()
        }
        page.write_sections({**commands, "Options": option_groups(self, ctx)[OTHER]})
        page.write_examples(self.examples)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """The commands, with what they do, and the options."""
        from click.shell_completion import CompletionItem

        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        found = [CompletionItem(name, help=short_help(self.find_command(ctx, name))) for name in names]
        return found + click.Command.shell_complete(self, ctx, incomplete)


def group(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], Group]:
    """As `click.group`, for a `Group`."""
    return click.group(name, cls=Group, context_settings=SETTINGS, **attributes)
