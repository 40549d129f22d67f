"""The plots of the documentation, by matplotlib."""

from collections.abc import Mapping, Sequence
from math import log10
from pathlib import Path
from typing import Any

OURS, THEIRS = ("#c2410c", "#ea8a3f", "#7c2d12"), ("#7c3aed", "#64748b", "#3b82f6", "#111827")

LABEL_GAP = 0.115
"""Of two labels, in powers of ten of seconds."""


def figure(panels: int) -> tuple[Any, Any]:
    """An empty figure with so many panels in a row."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {"svg.fonttype": "none", "svg.hashsalt": "nnfang", "font.size": 10, "font.family": "sans-serif"}
    )
    made, axes = plt.subplots(1, panels, figsize=(7 if panels == 1 else 10, 4.2 if panels == 1 else 3.4))
    for ax in [axes] if panels == 1 else axes:
        ax.set(xscale="log", yscale="log")
        ax.grid(which="major", color="#e5e7eb")
        ax.spines[["top", "right"]].set_visible(False)
    return made, axes


def plot_epochs(lines: Mapping[str, Mapping[int, float]], path: Path) -> None:
    """Time per epoch over batch size, all contenders, each named where its line ends."""
    made, ax = figure(1)
    ours, theirs = iter(OURS), iter(THEIRS)
    ends = []
    for name, points in lines.items():
        is_ours = name.startswith("nnfang")
        style = {"color": next(ours), "linewidth": 2.2} if is_ours else {"color": next(theirs), "linewidth": 1.2}
        ax.plot(list(points), list(points.values()), marker="o", markersize=4, **style)
        ends.append((*list(points.items())[-1], name, style["color"]))
    for place in sorted({end[0] for end in ends}):
        here = sorted(end for end in ends if end[0] == place)
        heights = spread([log10(time) for _, time, _, _ in here], LABEL_GAP)
        for (size, time, name, color), height in zip(here, heights, strict=True):
            if len(lines[name]) == 1:  # beside it others' lines may come down
                ax.annotate(name, (size, time), (0, -7), textcoords="offset points", color=color, va="top")
            else:
                ax.annotate(name, (size, time), (size * 1.15, 10**height), color=color, va="center")
    sizes = sorted({size for points in lines.values() for size in points})
    ax.set_xticks(sizes, map(str, sizes))
    ax.set_xticks([], minor=True)
    ax.set_yticks(ticks := [0.1, 0.2, 0.5, 1, 2, 5, 10, 20], [f"{tick:g}" for tick in ticks])
    ax.set_yticks([], minor=True)
    ax.set(xlabel="batch size", ylabel="seconds per epoch")
    save(made, path)


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Rising heights at least `gap` apart, moved as little as labels need that stand too close."""
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and bottom(groups[-1], gap) < bottom(groups[-2], gap) + gap * len(groups[-2]):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [bottom(group, gap) + gap * i for group in groups for i in range(len(group))]


def bottom(group: Sequence[float], gap: float) -> float:
    """Where the lowest of some labels stands that stand as close as they may, around their mean."""
    return sum(group) / len(group) - gap * (len(group) - 1) / 2


def plot_growth(panels: Sequence[tuple[str, Mapping[str, Mapping[int, float]]]], path: Path) -> None:
    """Time per epoch as one thing grows, a panel each, with what is proportional to it dotted."""
    made, axes = figure(len(panels))
    for ax, (label, lines) in zip(axes, panels, strict=True):
        for (name, points), color in zip(lines.items(), OURS, strict=False):
            sizes, times = list(points), list(points.values())
            ax.plot(sizes, times, marker="o", markersize=3.5, color=color, label=name)
            ax.plot(sizes, [times[-1] * size / sizes[-1] for size in sizes], ":", color=color, linewidth=1)
        ax.set_xticks(sizes, map(str, sizes), rotation=45)
        ax.set_xticks([], minor=True)
        ax.set(xlabel=label)
    axes[0].set_ylabel("seconds per epoch")
    axes[0].legend(frameon=False)
    save(made, path)


def plot_curves(curves: Mapping[str, Sequence[float]], path: Path) -> None:
    """Training error in percent after each epoch."""
    made, ax = figure(1)
    for (name, errors), color in zip(curves.items(), (*OURS, *THEIRS), strict=False):
        ax.plot(range(1, len(errors) + 1), errors, color=color, linewidth=1.6, label=name)
    ax.set_xticks(ticks := [1, 2, 5, 10, 20, 50, 100, 150], map(str, ticks))
    ax.set_xticks([], minor=True)
    ax.set_yticks(ticks := [1, 2, 5, 10, 20], map(str, ticks))
    ax.set_yticks([], minor=True)
    ax.set(xlabel="epoch", ylabel="error on distorted training images, %")
    ax.legend(frameon=False)
    save(made, path)


def plot_sizes(errors: Mapping[int, Mapping[int, Sequence[float]]], path: Path) -> None:
    """Test error in percent by the width of the hidden layers, a line for each depth, and a dot for each seed."""
    made, ax = figure(1)
    for (depth, points), color in zip(errors.items(), (*OURS, *THEIRS), strict=False):
        widths = sorted(points)
        ax.plot(widths, [sum(points[w]) / len(points[w]) for w in widths], color=color, linewidth=1.6, label=str(depth))
        for width in widths:
            ax.plot([width] * len(points[width]), points[width], ".", color=color, markersize=4, alpha=0.6)
    ax.set_xticks(widths, map(str, widths))
    ax.set_xticks([], minor=True)
    ax.set_yticks(ticks := [1.5, 2, 3, 5, 10], map(str, ticks))
    ax.set_yticks([], minor=True)
    ax.set(xlabel="units of each hidden layer", ylabel="error on test images, %")
    ax.legend(frameon=False, title="hidden layers")
    save(made, path)


def save(made: Any, path: Path) -> None:
    """Write an SVG that is the same for the same figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made.tight_layout()
    made.savefig(path, metadata={"Date": None, "Creator": None})
    print(f"\nplot: {path}")
