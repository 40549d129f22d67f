"""What the head of an exported file says of its network: the same in every language."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from nnfang import __version__
from nnfang.core.layers import Dense
from nnfang.names import escape

if TYPE_CHECKING:
    from nnfang.runs.checkpoint import Checkpoint

LONGEST = 1000
"""Characters that are shown of a fact, such as the names of many classes."""

LABEL = 12
"""Characters that the name of a fact takes."""

WIDTH = 116
"""Characters of a line."""


def describe(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    """Names and values, in which strangers may have chosen some of the words."""
    network, meta = checkpoint.network, checkpoint.meta
    units = "-".join(map(str, network.units))
    activations = ", ".join(layer.activation for layer in network.layers if isinstance(layer, Dense))
    facts = [
        ("network", f"{units} ({activations}), {network.theta.size:,} parameters, {network.dtype}"),
        ("classes", ", ".join(meta.class_names)),
        ("trained on", f"{meta.dataset.name}, {meta.epoch:,} epochs"),
        ("digest", network.digest()),
        ("written by", f"nnfang {__version__}"),
    ]
    if meta.tested:
        low, high = meta.tested.interval
        found = f"{meta.tested.accuracy:.2%} of the {meta.tested.images:,} test images of {meta.tested.dataset} correct"
        facts.insert(3, ("result", f"{found} (95% interval {low:.2%} to {high:.2%})"))
    if meta.environment:
        facts.append(("trained with", ", ".join(f"{key} {value}" for key, value in meta.environment.items())))
    return facts


def format_lines(facts: list[tuple[str, str]]) -> Iterator[str]:
    """Lines of text without control characters: the name of a fact, then its value."""
    for name, value in facts:
        shown = escape(value)
        shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]} …"
        for number, line in enumerate(wrap(shown, WIDTH - LABEL - 1, break_on_hyphens=False) or [""]):
            yield f"{name if not number else '':{LABEL}} {line}".rstrip()
