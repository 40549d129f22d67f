"""Markdown tables, as the documentation has them."""

from collections.abc import Sequence


def show(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; all columns but the first to the right."""
    print("| " + " | ".join(header) + " |")
    print("|---|" + "---:|" * (len(header) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def seconds(value: float) -> str:
    """Three figures."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
