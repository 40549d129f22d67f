"""Help that reads well: options in groups, examples, lines that end between words, and colour where there is some.

Click writes one flat list of options. The classes here keep its parsing and its interface, and only write the page
differently. (Cloup, which has groups too, doubles the time that importing Click takes.)
"""

from __future__ import annotations

import sys
from inspect import cleandoc
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

import click

from nnfang.commands import console
from nnfang.commands.wrapping import fill, fill_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Row = tuple[str, str]
    """An option or a command, and what it does."""

ARGUMENTS, OTHER = "Arguments", "Other options"

SETTINGS = {"help_option_names": ["-h", "--help"]}
"""Of each command, and of the group of all."""

LONGEST_LINE = 100
"""Columns that a line has at most: wider ones are hard to read."""

LONGEST_TERM = 24
"""Columns of an option that has its help beside it; that of a longer one begins on the next line."""

NARROWEST_TEXT = 32
"""Columns that are needed for text beside the options; where there are fewer, it is written below them."""

INDENT, DEEP_INDENT = 2, 6


class Formatter(click.HelpFormatter):
    """Writes a page of help. It always has colours; they are dropped where the stream has none."""

    def __init__(self, width: int | None = None, max_width: int | None = None) -> None:
        longest = max_width or LONGEST_LINE
        super().__init__(INDENT, width or min(console.columns(sys.stdout), longest))

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """``Usage: nnfang train [OPTIONS]``."""
        head = prefix or "Usage: "
        lines = fill(f"{prog} {args}", self.width, " " * len(head), " " * (len(head) + 4))
        self.write(f"{title(head)}{lines[len(head) :]}\n")

    def write_heading(self, heading: str) -> None:
        """The heading of a section."""
        self.write(f"{title(f'{heading}:')}\n")

    def write_prose(self, text: str) -> None:
        """Paragraphs, which a blank line separates."""
        paragraphs = cleandoc(text).split("\n\n")
        self.write("\n\n".join(fill(" ".join(paragraph.split()), self.width) for paragraph in paragraphs) + "\n")

    def write_sections(self, sections: Mapping[str, Sequence[Row]]) -> None:
        """Sections of two columns, which begin in the same place in all of them."""
        rows = chain.from_iterable(sections.values())
        column = max((len(term) for term, _ in rows if len(term) <= LONGEST_TERM), default=0) + 2 * INDENT
        if self.width - column < NARROWEST_TEXT:
            column = DEEP_INDENT
        for heading, section in sections.items():
            with self.section(heading):
                for term, text in section:
                    self.write_row(term, text, column)

    def write_row(self, term: str, text: str, column: int) -> None:
        """An option, and from a column on what it does: beside it, or below where there is no room."""
        is_beside = len(term) + 2 * INDENT <= column
        lines = fill(text, self.width, " " * column)
        head = " " * INDENT + click.style(term, bold=True)
        gap = " " * (column - INDENT - len(term)) + lines.lstrip(" ") if is_beside else f"\n{lines}"
        self.write(f"{head}{gap if text else ''}\n")

    def write_examples(self, examples: Mapping[str, str]) -> None:
        """Commands to paste, each below what it does."""
        with self.section("Examples"):
            for number, (purpose, line) in enumerate(examples.items()):
                command = click.style(fill_command(line, self.width), bold=True)
                comment = fill(purpose, self.width, "  # ")
                self.write(f"{'' if number == 0 else chr(10)}{comment}\n{command}\n")


def title(text: str) -> str:
    """A heading. Of the eight colours of a terminal, magenta is the one that is legible on black and on white."""
    return click.style(text, bold=True, fg="magenta")


class Context(click.Context):
    """A context whose help is written by `Formatter`, in colour where stdout has colours."""

    formatter_class = Formatter

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("color", console.has_colour(sys.stdout))
        super().__init__(*args, **kwargs)


class Option(click.Option):
    """An option that belongs to a group."""

    def __init__(self, *args: Any, group: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Its names, and what it does; bounds are left to the text."""
        record = super().get_help_record(ctx)
        default = f"  [default: {self.default}]" if self.show_default else ""
        return record and (record[0], f"{self.help}{default}")


class Argument(click.Argument):
    """An argument that has help."""

    group = ARGUMENTS

    def __init__(self, *args: Any, description: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.description = description

    def get_usage_pieces(self, ctx: click.Context) -> list[str]:
        """``[RUN]`` where it can be left out."""
        name = self.human_readable_name
        return [name if self.required else f"[{name}]"]

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Its name."""
        return self.human_readable_name


class Helpful(click.Command):
    """A command whose help is written by the console."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """``--help``."""
        option = super().get_help_option(ctx)
        if option:
            option.callback = show_help
        return option


def show_help(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """Write the page, and exit."""
    if wanted and not ctx.resilient_parsing:
        console.write_page(ctx.get_help())
        ctx.exit()


class Command(Helpful):
    """A command with examples.

    Attributes:
        examples: What each does -> the line to type.
        stray: Says which option was probably meant by a word that stands where none is expected; None if there is none.
    """

    context_class = Context

    def __init__(
        self, *args: Any, examples: Mapping[str, str], stray: Callable[[str], str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.stray = stray

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read options and arguments; say what may have been meant by a word too many."""
        ctx.allow_extra_args = True
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # Click leaves it out where an option lacks its value
            raise
        if rest and not ctx.resilient_parsing:
            hint = f" Did you mean {self.stray(rest[0])} {rest[0]}?" if self.stray else ""
            ctx.fail(f'Unexpected argument "{rest[0]}".{hint}')
        return rest

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the page."""
        page = cast("Formatter", formatter)
        page.write_prose(self.help or "")
        page.write_paragraph()
        self.format_usage(ctx, page)
        page.write_sections(option_groups(self, ctx))
        page.write_examples(self.examples)


def option_groups(command: click.Command, ctx: click.Context) -> dict[str, list[Row]]:
    """The arguments and options of a command by their groups, as they are declared; the arguments come first."""
    groups: dict[str, list[Row]] = {ARGUMENTS: []}
    for param in command.get_params(ctx):
        if isinstance(param, Argument):
            groups[ARGUMENTS].append((param.human_readable_name, param.description))
        elif record := param.get_help_record(ctx):
            groups.setdefault(getattr(param, "group", OTHER), []).append((record[0], record[1]))
    rest = groups.pop(OTHER, [])
    return {name: rows for name, rows in {**groups, OTHER: rest}.items() if rows}


def command(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], Command]:
    """As `click.command`, for a `Command`."""
    return click.command(name, cls=Command, context_settings=SETTINGS, **attributes)


def option(*names: str, group: str, **attributes: Any) -> Callable[[Any], Any]:
    """As `click.option`, for an option of a group."""
    return click.option(*names, cls=Option, group=group, **attributes)


def argument(name: str, **attributes: Any) -> Callable[[Any], Any]:
    """As `click.argument`, for one that has help."""
    return click.argument(name, cls=Argument, **attributes)


def short_help(command: click.Command) -> str:
    """The first sentence of a command's help, without the full stop."""
    return " ".join(cleandoc(command.help or "").partition("\n\n")[0].split()).removesuffix(".")
