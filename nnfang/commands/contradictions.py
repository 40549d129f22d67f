"""Options of ``nnfang train`` that contradict one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnfang.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.commands.options import NewestRun

FOR_ONE_RUN = {
    "resume": "--resume",
    "fork": "--fork",
    "print_config": "--print-config",
    "sheet": "--preview-augment",
    "model": "--from",
    "has_report": "--report",
    "force": "--force",
}
"""Parameters of the options that make no sense for several runs -> how they are written."""


def refuse_beside_seeds(given: dict[str, Any]) -> None:
    """Refuse options that are for one run alone.

    Raises:
        ConfigError: One is given; or --jobs without --seeds.
    """
    if given["seeds"] is None:
        raise ConfigError("--jobs: says how many trainings of --seeds run at a time, and there is but one")
    if wrong := [option for name, option in FOR_ONE_RUN.items() if given[name]]:
        raise ConfigError(f"--seeds: begins several runs; {', '.join(wrong)} is for one alone")


def check_resumption(
    resume: Path | NewestRun | None,
    source: Path | None,
    output: Path | None,
    model: Path | None,
    shown: bool | Path | None,
    *,
    fork: bool,
    force: bool,
) -> None:
    """Refuse options that contradict --resume; `shown` is what is only to be shown, if anything."""
    if resume is None:
        raise ConfigError("--fork: needs --resume, which says what to start from")
    if model is not None:
        raise ConfigError("--from: begins a new run; with --resume the weights are those of the run that goes on")
    if source is not None:
        raise ConfigError("--resume: the run has a config of its own; change it with --set or its options, not with -c")
    if output is not None and not fork:
        raise ConfigError("--resume: the run stays in its folder; with --fork a new one begins in that of -o")
    if force and not fork:
        raise ConfigError("--resume: continues the run in its folder, where there is nothing for --force to delete")
    if shown:
        raise ConfigError("--resume: trains; --print-config and --preview-augment show what a new run would do")
