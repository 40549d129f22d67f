"""What is said to a person who called a command in a wrong way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.exceptions import BadOptionUsage, MissingParameter, NoSuchOption

from nnfang.commands import console
from nnfang.commands.formatting import Argument, Command
from nnfang.machine.launcher import find_launch
from nnfang.names import did_you_mean, find_nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def fail_with_usage(error: click.UsageError) -> NoReturn:
    """Say what is wrong and how it is done, and exit; of several processes with the same command, only the first."""
    launch = find_launch()
    if launch and launch.rank:
        sys.exit(error.exit_code)
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
    name, command = error.option_name, ctx.command.name or ""
    options = [name for param in ctx.command.get_params(ctx) for name in param.opts if name.startswith("--")]
    meant = INSTEAD.get((command, name))
    if not meant and command == "train":
        meant = _as_setting(name)
    if not meant:
        meant = _find_initial(name, options) or find_nearest(name, options, likeness=ALIKE)
    return f'There is no option "{name}".{did_you_mean(meant)}'


def _find_initial(name: str, options: Sequence[str]) -> str | None:
    """The only option that begins with a letter such as ``-b``; None if there is none, or several."""
    found = [option for option in options if option.startswith(f"-{name}")]
    return found[0] if len(name) == len("-b") and len(found) == 1 else None


def _as_setting(option: str) -> str | None:
    """The setting that was meant by an option: a type, or a key, of a recipe; None if there is no such."""
    from nnfang.commands.options import SHORT, name_short
    from nnfang.config.keys import find_equivalent, find_type
    from nnfang.core.constraints import annotations
    from nnfang.training.recipe import Recipe

    word = option.lstrip("-").replace("-", "_")
    if setting := find_type(word, Recipe):
        return f"--set {setting}" if "=" in setting else setting
    key = find_equivalent(word, "", annotations(Recipe), Recipe)
    for parameter, path in SHORT.items():
        if path == key:
            return name_short(parameter)
    return key and f"--set {SETTINGS.get(key, f'{key}=VALUE')}"


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


ALIKE = 0.7
"""How like an option one must be to be taken for it, from 0 to 1: below, the guess is more confusing than none."""

INSTEAD = {
    ("cli", "--verbose"): "nnfang COMMAND --verbose",
    ("predict", "--json"): "--format json",
    ("predict", "--csv"): "--format csv",
    ("evaluate", "--format"): "--json",
    ("export", "-o"): "nnfang export FILE.npz",
    ("export", "--output"): "nnfang export FILE.npz",
    ("train", "--format"): "--json",
    ("train", "-m"): "--resume",
    ("train", "--model"): "--resume",
    ("train", "--checkpoint"): "--resume",
    ("train", "--continue"): "--resume",
    ("train", "--recipe"): "--config",
    ("verify", "-m"): "nnfang verify RUN",
    ("verify", "--model"): "nnfang verify RUN",
    ("verify", "--resume"): "nnfang verify RUN",
}
"""By command and option: what another command calls so."""

SETTINGS = {
    "augment": "augment.rotate=15",
    "checkpoint_every": "checkpoint_every.seconds=60",
    "early_stopping": "early_stopping.patience=5",
    "layers": "layers[0].units=64",
    "optimizer": "optimizer.type=adam",
    "schedule": "schedule.type=cosine",
}
"""What to set of the keys that hold a mapping or a list."""

EXPLANATIONS: dict[type[click.UsageError], Callable[[Any, click.Context], str]] = {
    NoSuchOption: _no_such_option,
    BadOptionUsage: _bad_use,
    MissingParameter: _missing,
}
