"""What was found in a data set, for a person and for a program."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nnfang.commands import console
from nnfang.data import examine
from nnfang.reports.sparkline import choose_marks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nnfang.data import Dataset, Examination

MOST_PLACES = 3
"""Places of a finding, and images of a place, that a person is shown."""

MOST_CLASSES = 40
"""Classes that a person is shown; of more, the smallest."""

BAR = 30
"""Columns of the bar of the largest class."""


@dataclass(frozen=True)
class Finding:
    """One kind of what may be wrong.

    Attributes:
        noun: What is counted, and ...
        rest: ... what there is to say of it.
        count: How many there are.
        places: The first of the lines that say where.
        lines: How many of these there would be.
        is_fault: Whether it is wrong for sure.
    """

    noun: str
    rest: str
    count: int
    places: Sequence[str] = field(repr=False)
    lines: int
    is_fault: bool = True

    def __str__(self) -> str:
        """``2 images of a single colour``."""
        return f"{console.count(self.count, self.noun)}{self.rest}"

    @property
    def heading(self) -> str:
        """``images of a single colour``."""
        return f"{self.noun}s{self.rest}"


def show(found: Examination) -> None:
    """Write it to stdout."""
    findings = list_findings(found)
    width = max(len(finding.heading) for finding in findings)
    lines = [*_head(found), "", *_classes(found), ""]
    for finding in findings:
        lines.append(f"{finding.heading:{width}}  {f'{finding.count:,}' if finding.count else '-'}")
        lines += [f"  {place}" for place in finding.places]
        if finding.lines > len(finding.places):
            lines.append(f"  and {finding.lines - len(finding.places):,} more, which --json lists")
    if found.near_search == "cut short":
        lines.append("Too many images are alike to compare them all: there may be more near duplicates.")
    console.result("\n".join(lines))


def _head(found: Examination) -> Iterator[str]:
    data = found.data
    images = f"{len(data.y_train):,} training and {console.count(len(data.y_test), 'test image')}"
    shape = "x".join(map(str, data.input_shape))
    yield f"{console.one_line(data.name)}: {images} of {shape}, {len(data.class_names):,} classes"
    if len(found.sizes) > 1:
        heights, widths = zip(*found.sizes, strict=True)
        between = f"{_span(heights)} pixels high and {_span(widths)} wide"
        yield f"The pictures have {len(found.sizes):,} sizes, {between}; all are resized to {shape}."


def _span(lengths: Sequence[int]) -> str:
    low, high = min(lengths), max(lengths)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _classes(found: Examination) -> Iterator[str]:
    """A line for each class, with a bar for its training images."""
    train, test = found.counts.tolist()
    mark = choose_marks(getattr(sys.stdout, "encoding", None))[-2]
    shown = sorted(sorted(range(len(train)), key=train.__getitem__)[:MOST_CLASSES])
    rows = [[found.data.class_names[i], f"{train[i]:,}", f"{test[i]:,}"] for i in shown]
    header, *lines = console.table(["class", "training", "test"], rows).split("\n")
    yield header
    for i, line in zip(shown, lines, strict=True):
        yield f"{line}  {mark * round(BAR * train[i] / max(train))}".rstrip()
    if len(train) > len(shown):
        yield f"... and {len(train) - len(shown):,} classes with as many images or more"


def list_findings(found: Examination) -> list[Finding]:
    """All kinds of findings, also where there are none."""
    contradictions, overlap = found.contradictions, found.overlap
    duplicates = [group for part in found.duplicates for group in part]
    repeated = sum(len(group) - 1 for group in duplicates)
    near = sorted(found.alike.tolist(), key=lambda pair: found.label(pair[0]) == found.label(pair[1]))
    blank = [[i] for i in found.blank.tolist()]
    kinds: list[tuple[str, str, int, Sequence[Sequence[int]], str, bool]] = [
        ("image", " with several labels", len(contradictions), contradictions, " = ", True),
        ("test image", " also among the training images", len(overlap), overlap, " = ", True),
        ("duplicate", " within training or test", repeated, duplicates, " = ", True),
        ("near duplicate", "", len(near), near, " ~ ", False),
        ("image", " of a single colour", len(blank), blank, "", True),
    ]
    findings = [
        Finding(noun, rest, count, [_describe(found, group, sign) for group in groups[:MOST_PLACES]], len(groups), sure)
        for noun, rest, count, groups, sign, sure in kinds
    ]
    if not found.data.train_places:  # arrays, which can be read as a whole or not at all
        return findings
    unreadable = [f"{console.one_line(item.place)}: {item.reason}" for item in found.unreadable]
    noun = "unreadable file" if found.sizes else "unreadable line"
    return [*findings, Finding(noun, "", len(unreadable), unreadable[:MOST_PLACES], len(unreadable))]


def _describe(found: Examination, group: Sequence[int], sign: str) -> str:
    """``train/a/1.png (a) = train/b/7.png (b)``; labels only where they differ, and then one image of each first."""
    first_of_each = {found.label(i): i for i in reversed(group)}
    is_split = len(first_of_each) > 1
    chosen = sorted(group, key=lambda i: (i not in first_of_each.values(), i))
    names = []
    for i in chosen[:MOST_PLACES]:
        part, index, place = found.locate(i)
        label = f" ({found.data.class_names[found.label(i)]})" if is_split else ""
        names.append(console.one_line(f"{place or f'{part} {index}'}{label}"))
    more = f" and {len(group) - MOST_PLACES:,} more" if len(group) > MOST_PLACES else ""
    return sign.join(names) + more


def list_faults(found: Examination) -> list[str]:
    """What is wrong for sure, each with its count."""
    return [str(finding) for finding in list_findings(found) if finding.count and finding.is_fault]


def warn_of(data: Dataset) -> None:
    """Warn of what is found in a data set within a second, before it is trained on."""
    found = examine(data, briefly=True)
    findings = [str(finding) for finding in list_findings(found) if finding.count]
    if findings:
        skipped = "; near duplicates were not looked for" if found.near_search == "left out" else ""
        console.warn(
            f"{console.one_line(data.name)}: {', '.join(findings)}{skipped}\n"
            f"To see which: {console.command_line('data', 'check', data.name)}"
        )


def as_json(found: Examination) -> dict[str, Any]:
    """All of it for a program: of each kind the images concerned, by their indices, and how they belong together."""
    data, (train, test) = found.data, found.counts.tolist()
    contradictions, overlap, near = found.contradictions, found.overlap, found.alike.tolist()
    duplicates = [group for part in found.duplicates for group in part]
    repeated = [i for group in duplicates for i in group[1:]]
    blank = found.blank.tolist()
    return {
        "dataset": console.encodable(data.name),
        "shape": data.input_shape,
        "training_images": len(data.y_train),
        "test_images": len(data.y_test),
        "sizes": [{"height": h, "width": w, "count": n} for (h, w), n in sorted(found.sizes.items())],
        "classes": {
            "count": len(train),
            "indices": list(range(len(train))),
            "names": data.class_names,
            "training_images": train,
            "test_images": test,
        },
        "contradictions": {
            "count": len(contradictions),
            **_places(found, [i for group in contradictions for i in group], contradictions),
        },
        "overlap": {"count": len(overlap), **_places(found, [i for _, i in overlap], overlap)},
        "duplicates": {"count": len(repeated), **_places(found, repeated, duplicates)},
        "near_duplicates": {
            "count": len(near),
            **_places(found, [j for _, j in near], near),
            "correlations": found.correlations.tolist(),
            "search": found.near_search,
        },
        "blank": {"count": len(blank), **_places(found, blank, [[i] for i in blank])},
        "unreadable": {
            "count": len(found.unreadable),
            "indices": [item.number for item in found.unreadable],
            "places": [console.encodable(item.place) for item in found.unreadable],
            "reasons": [item.reason for item in found.unreadable],
        },
    }


def _places(found: Examination, concerned: Sequence[int], groups: Sequence[Sequence[int]]) -> dict[str, Any]:
    """The indices of the images concerned, by part, and the groups of images that belong together."""
    indices: dict[str, list[int]] = {"train": [], "test": []}
    for i in sorted(concerned):
        part, index, _ = found.locate(i)
        indices[part].append(index)
    return {"indices": indices, "groups": [[_image(found, i) for i in group] for group in groups]}


def _image(found: Examination, i: int) -> dict[str, Any]:
    part, index, place = found.locate(i)
    image = {"part": part, "index": index, "label": found.data.class_names[found.label(i)]}
    return image if place is None else {**image, "place": console.encodable(place)}
