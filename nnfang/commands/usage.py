"""What is said to a person who called a command in a wrong way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.exceptions import BadOptionUsage, MissingParameter, NoSuchOption

from nnfang.commands import console
from nnfang.commands.formatting import Argument, Command
from nnfang.names import nearest

if TYPE_CHECKING:
    from collections.abc import Callable


def fail_with_usage(error: click.UsageError) -> NoReturn:
    """Say what is wrong and how it is done, and exit."""
    console.print_error(explain(error))
    if error.ctx:
        error.ctx.terminal_width = console.columns(sys.stderr)
        usage = error.ctx.get_usage()
        page = f'See "{error.ctx.command_path} --help".'
        console.write_page(f"\n{usage}\n{page}", is_error=True)
    sys.exit(error.exit_code)


def explain(error: click.UsageError) -> str:
    """What is wrong, with the nearest valid thing."""
    for kind, words in EXPLANATIONS.items():
        if isinstance(error, kind) and error.ctx:
            return words(error, error.ctx)
    return error.format_message()


def _no_such_option(error: NoSuchOption, ctx: click.Context) -> str:
    options = [name for param in ctx.command.get_params(ctx) for name in param.opts if name.startswith("--")]
    return f'There is no option "{error.option_name}".{nearest(error.option_name, options)}'


def _bad_use(error: BadOptionUsage, ctx: click.Context) -> str:
    for param in ctx.command.get_params(ctx):
        if isinstance(param, click.Option) and error.option_name in param.opts:
            if param.is_flag:
                return f"{error.option_name} takes no value."
            purpose = (param.help or "").partition("  [default")[0]
            return f"{error.option_name} needs a value.\n{error.option_name} {param.metavar}: {purpose}"
    return error.format_message()


def _missing(error: MissingParameter, ctx: click.Context) -> str:
    if not isinstance(error.param, Argument) or not isinstance(ctx.command, Command):
        return error.format_message()
    example = next(iter(ctx.command.examples.values()))
    name, expected = error.param.human_readable_name, error.param.description
    return f"{name} is missing: {expected[0].lower()}{expected[1:]}\nFor example: {example}"


EXPLANATIONS: dict[type[click.UsageError], Callable[[Any, click.Context], str]] = {
    NoSuchOption: _no_such_option,
    BadOptionUsage: _bad_use,
    MissingParameter: _missing,
}
