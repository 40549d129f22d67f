"""An explanation for a person: pictures made of characters, figures and sentences."""

from __future__ import annotations

import sys
from math import exp
from typing import TYPE_CHECKING

import click

from nnfang.commands import console
from nnfang.commands.matrix import has_shades
from nnfang.reports import halfblocks, scaling
from nnfang.reports.halfblocks import Medium
from nnfang.reports.steps import list_steps
from nnfang.runs.verdict import HUNDREDTH, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.core.arrays import Array, Pixels
    from nnfang.runs.explanation import Explanation

FEWEST_CLASSES, MOST_CLASSES = 3, 10
"""Classes that have a bar; beyond the fewest, those of a probability that is not nothing."""

LONGEST_BAR, LONGEST_NAME = 40, 14
PICTURE, SEEN, SMALL = (36, 48), (40, 56), (14, 20)
"""The most rows and columns of pixels: of the picture, of what the network sees, of a training image."""

LARGEST_RATIO = 1e6
"""From which on it is not worth a number."""


class View:
    """Writes an explanation as text."""

    def __init__(self, explanation: Explanation) -> None:
        """Show it on stdout, as well as that can.

        Args:
            explanation: What is told.
        """
        self.explanation = explanation
        has_colours = console.has_colour(sys.stdout) and has_shades()
        self.medium = halfblocks.choose_medium(sys.stdout.encoding, has_colours=has_colours)
        self.columns = console.columns(sys.stdout)

    def show(self) -> None:
        """Write all of it."""
        sections = (self.draw_pictures, self.list_steps, self.draw_bars, self.draw_reasons, self.draw_neighbours)
        text = "\n\n".join("\n".join(lines) for section in sections if (lines := list(section())))
        console.write_page(f"{text}\n")
        verdict = self.explanation.verdict
        console.write_page(self.title(verdict.headline))
        console.result("\n".join(map(console.one_line, verdict.reasons)))

    def title(self, text: str) -> str:
        """A heading, as wide as there is room for."""
        return "\n".join(click.style(line, bold=True) for line in self.fit(text).split("\n"))

    def fit(self, text: str) -> str:
        """Sentences, which may quote what strangers wrote."""
        return console.fit(console.one_line(text), sys.stdout)

    def draw_pictures(self) -> Iterator[str]:
        """The picture with what was found, and what the network sees of it."""
        explanation = self.explanation
        picture, grey = explanation.prediction.picture, explanation.page.grey
        small = scaling.shrink(grey, self.limit(PICTURE))
        if self.medium is not Medium.COLOUR:  # where a page could only be all there or not
            small = scaling.flatten_light(255 - small if picture.is_inverted else small)
        factors = [
            here / there for here, there in zip(small.shape[::-1], explanation.page.file_shape[::-1], strict=True)
        ]
        left, top, right, bottom = (round(side * factors[i % 2]) for i, side in enumerate(picture.crop))
        frame = (left, top, max(right, left + 1), max(bottom, top + 1)) if explanation.stages else None
        blocks = [
            self.block(
                explanation.prediction.name,
                halfblocks.draw_grey(scaling.to_bytes(small), self.medium, frame),
                small.shape[1],
            ),
            self.block("what the network sees", *self.draw_ink(picture.image)),
        ]
        yield from halfblocks.beside(self.columns, blocks)

    def list_steps(self) -> Iterator[str]:
        """How the one was made of the other."""
        yield self.title("How it was prepared")
        steps = list_steps(self.explanation)
        width = max(len(step.name) for step in steps)
        yield from (self.fit(f"{step.name:{width}}  {step.text}") for step in steps)

    def draw_bars(self) -> Iterator[str]:
        """The outputs, the largest first."""
        prediction, is_probability = self.explanation.prediction, self.explanation.is_probability
        yield self.title("What the network says")
        best = prediction.top(MOST_CLASSES)
        if is_probability:
            best = [pair for i, pair in enumerate(best) if i < FEWEST_CLASSES or pair[1] >= HUNDREDTH]
        names = [shorten(name) for name, _ in best]
        figures = [percent(value) if is_probability else f"{value:.3f}" for _, value in best]
        beside = max(map(len, names)) + max(map(len, figures)) + 4
        longest = 1.0 if is_probability else max(abs(value) for _, value in best) or 1.0
        width = max(1, min(LONGEST_BAR, self.columns - beside))
        for name, figure, (_, value) in zip(names, figures, best, strict=True):
            bar = halfblocks.draw_bar(max(0.0, value) / longest, width, self.medium)
            label = f"{name:<{max(map(len, names))}}  {figure:>{max(map(len, figures))}}"
            yield f"{label}  {self.colour(bar, halfblocks.BLUES[-1])}".rstrip()
        if rest := prediction.top(len(prediction.class_names))[len(best) :]:
            together = f", {percent(sum(value for _, value in rest))} in all" if is_probability else ""
            yield self.fit(f"and {console.count(len(rest), 'other')}{together}")

    def draw_reasons(self) -> Iterator[str]:
        """Which pixels speak for the winner, and which for the runner-up."""
        explanation, found = self.explanation, self.explanation.attribution
        winner, rival = explanation.winner, explanation.rival
        yield self.title(f"Why {winner} and not {rival}")
        yield self.describe_colours(shorten(winner), shorten(rival))
        blocks = [
            self.block(name, *self.draw_signed(values))
            for name, values in (("gradient x input", found.times_input), ("integrated gradients", found.integrated))
        ]
        yield from halfblocks.beside(self.columns, blocks)
        yield self.fit(describe_difference(explanation))
        yield self.fit(describe_sums(explanation))

    def describe_colours(self, winner: str, rival: str) -> str:
        """What speaks for which class."""
        if self.medium is not Medium.COLOUR:
            return self.fit(f"# and + for {winner}, = and - for {rival}")
        text = self.fit(f"blue for {winner}, orange for {rival}")
        return text.replace("blue", self.colour("blue", 39), 1).replace(
            "orange for", f"{self.colour('orange', 208)} for", 1
        )

    def draw_neighbours(self) -> Iterator[str]:
        """The nearest training images."""
        compared, found = self.explanation.compared, self.explanation.compared.neighbours
        if found is None:
            return
        yield self.title(f"The nearest training images of {compared.name}")
        blocks = []
        rows = zip(found.rows.tolist(), found.labels.tolist(), found.distances.tolist(), found.images, strict=True)
        for row, label, distance, image in rows:
            small = scaling.to_bytes(scaling.shrink(scaling.to_levels(image), self.limit(SMALL)))
            lines = [
                *halfblocks.draw_grey(small, self.medium),
                shorten(compared.class_names[label]),
                f"{distance:.2f} away",
            ]
            lines.append(f"no. {row}")
            blocks.append((max(small.shape[1], *map(len, lines[-3:])), lines))
        yield from halfblocks.beside(self.columns, blocks, gap=1)

    def draw_ink(self, image: Pixels) -> tuple[list[str], int]:
        """An image of a network, and its columns."""
        small = scaling.to_bytes(scaling.shrink(image, self.limit(SEEN)))
        return halfblocks.draw_grey(small, self.medium), small.shape[1]

    def draw_signed(self, values: Array) -> tuple[list[str], int]:
        """Values of either sign for each pixel of an image, and their columns."""
        shape = self.explanation.prediction.picture.image.shape
        small = scaling.shrink(values.reshape(shape), self.limit(SEEN))
        return halfblocks.draw_signed(small, self.medium), small.shape[1]

    def limit(self, most: tuple[int, int]) -> tuple[int, int]:
        """As many rows and columns, as far as there is room."""
        return most[0], min(most[1], self.columns)

    def block(self, caption: str, lines: list[str], width: int) -> tuple[int, list[str]]:
        """A picture below its caption, which is as wide as the picture, or as it is itself."""
        caption = console.one_line(caption)
        room = max(width, min(len(caption), self.columns))
        if len(caption) > room:
            caption = f"...{caption[len(caption) - room + 3 :]}"
        return room, [self.dim(caption), *lines]

    def dim(self, text: str) -> str:
        """A caption."""
        return click.style(text, dim=True)

    def colour(self, text: str, code: int) -> str:
        """In one of 256 colours, where there are any."""
        return click.style(text, fg=code) if self.medium is Medium.COLOUR and text else text


def describe_difference(explanation: Explanation) -> str:
    """What the difference of two outputs means."""
    winner, rival, difference = explanation.winner, explanation.rival, explanation.attribution.difference
    if not explanation.is_probability:
        return f"The score of {winner} is larger than that of {rival} by {difference:.2f}."
    ratio = exp(min(difference, 700))
    times = f"{ratio:,.3g}" if ratio < 100 else f"{ratio:,.0f}"  # noqa: PLR2004
    likely = f"{times} times as likely" if ratio < LARGEST_RATIO else "over a million times as likely"
    return f"Before softmax, z of {winner} is larger than z of {rival} by {difference:.2f}: {winner} is {likely}."


def describe_sums(explanation: Explanation) -> str:
    """What the pixels of both pictures add up to."""
    found = explanation.attribution
    pixels = f"Gradients x inputs add up to {number(found.times_input.sum())}"
    if found.is_linear:
        pixels += f", and biases {number(found.biases)} to that"
    return (
        f"{pixels}. Integrated gradients add up to {number(found.integrated.sum())}: what the picture has over a black "
        f"one, where the difference is {number(found.of_black)}."
    )


def number(value: float) -> str:
    """Two digits after the point, and no -0."""
    return f"{round(value, 2) + 0.0:.2f}"


def shorten(name: str) -> str:
    """The name of a class in a table."""
    name = console.one_line(name)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 3]}..."
