"""What may be wrong with a data set: images that are there twice, labels that contradict each other, empty images."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt

from nnfang.data.dataset import Dataset, Images
from nnfang.data.formats.arrays import Unreadable
from nnfang.data.likeness import MOST_CANDIDATES, Floats, Indices, find_alike
from nnfang.errors import DataError

DIGEST_BYTES = 16
"""Of the hash by which images are compared: enough that no two of different pixels ever agree."""

MOST_UNREADABLE = 1000
"""Pictures or lines that cannot be read, after which it is no data set at all."""

BRIEF_IMAGES, BRIEF_CANDIDATES = 20_000, 50_000
"""What can be searched for near duplicates in about half a second."""

Group: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Examination:
    """What was found in a data set. Images are counted through: the training images, and then the test images.

    Attributes:
        data: The data set.
        counts: Images of each class, (2, classes): for training, and for the test.
        groups: Of images that are the same, pixel by pixel; ascending.
        alike: Indices (m, 2): images that are nearly the same as an earlier one, after the earlier one most like them.
            Of several that are the same, the first stands for all.
        correlations: Of each of these pairs, (m,).
        near_search: "complete", "cut short" where there were too many pairs to compare, or "left out".
        blank: Images of a single colour.
        unreadable: Pictures, or lines of a table, that cannot be read; they are not in the data set.
        sizes: How many pictures have each height and width in their files; empty where it is not made of pictures.
    """

    data: Dataset
    counts: Indices
    groups: tuple[Group, ...]
    alike: Indices
    correlations: Floats
    near_search: str
    blank: Indices
    unreadable: tuple[Unreadable, ...]
    sizes: Mapping[tuple[int, int], int]

    @property
    def contradictions(self) -> list[Group]:
        """The groups of images that are the same and have more than one label."""
        return [group for group in self.groups if len({self.label(i) for i in group}) > 1]

    @property
    def duplicates(self) -> tuple[list[Group], list[Group]]:
        """The groups of training images that are the same, and those of test images, of at least two each."""
        first = len(self.data.y_train)
        parts = (
            [tuple(i for i in group if i < first) for group in self.groups],
            [tuple(i for i in group if i >= first) for group in self.groups],
        )
        return [group for group in parts[0] if len(group) > 1], [group for group in parts[1] if len(group) > 1]

    @property
    def overlap(self) -> list[tuple[int, int]]:
        """Each test image that is a training image too, after the first such training image."""
        first = len(self.data.y_train)
        return sorted((group[0], i) for group in self.groups if group[0] < first for i in group if i >= first)

    def label(self, i: int) -> int:
        """The label of an image."""
        first = len(self.data.y_train)
        return int(self.data.y_train[i] if i < first else self.data.y_test[i - first])

    def locate(self, i: int) -> tuple[str, int, str | None]:
        """The part of an image, its index there, and what a person calls it, where it has a name."""
        first = len(self.data.y_train)
        part, index, places = ("train", i, self.data.train_places)
        if i >= first:
            part, index, places = ("test", i - first, self.data.test_places)
        return part, index, places[index] if places else None


class Collector:
    """Keeps what cannot be read, and refuses too much of it."""

    def __init__(self) -> None:
        self.found: list[Unreadable] = []

    def __call__(self, unreadable: Unreadable) -> None:
        """Keep one.

        Raises:
            DataError: These are too many.
        """
        self.found.append(unreadable)
        if len(self.found) > MOST_UNREADABLE:
            raise DataError(f"more than {MOST_UNREADABLE:,} cannot be read; the last: {unreadable.reason}")


def examine(
    data: Dataset,
    unreadable: Iterable[Unreadable] = (),
    sizes: Mapping[tuple[int, int], int] | None = None,
    *,
    briefly: bool = False,
) -> Examination:
    """Look for what may be wrong with a data set.

    Args:
        data: The data set.
        unreadable: What of it could not be read.
        sizes: How many of its pictures have each height and width.
        briefly: Take about a second, whatever it is: among more than `BRIEF_IMAGES`, no near duplicates are looked for.
    """
    parts = (data.x_train, data.x_test)
    groups, distinct = _group(parts)
    counts = np.stack([np.bincount(y, minlength=len(data.class_names)) for y in (data.y_train, data.y_test)])
    blank = np.flatnonzero(np.concatenate([_is_blank(x) for x in parts]))
    alike, correlations, search = np.empty((0, 2), np.int64), np.empty(0, np.float32), "left out"
    if not briefly or len(data.y_train) + len(data.y_test) <= BRIEF_IMAGES:
        likeness = find_alike(
            cast("Images", np.concatenate(parts))[distinct], BRIEF_CANDIDATES if briefly else MOST_CANDIDATES
        )
        search = "complete" if likeness.is_complete else "cut short"
        alike, correlations = _keep_nearest(distinct[likeness.pairs], likeness.correlations)
    return Examination(
        *(data, counts, groups, alike, correlations, search, blank),
        unreadable=tuple(sorted(unreadable, key=lambda item: item.number)),
        sizes=sizes or {},
    )


def _group(parts: Sequence[Images]) -> tuple[tuple[Group, ...], Indices]:
    """The groups of images that are the same, and one of each kind (k,), ascending."""
    seen: dict[bytes, list[int]] = {}
    i = 0
    for x in parts:
        for image in np.ascontiguousarray(x):
            seen.setdefault(hashlib.blake2b(image.data, digest_size=DIGEST_BYTES).digest(), []).append(i)
            i += 1
    groups = tuple(tuple(group) for group in seen.values() if len(group) > 1)
    return groups, np.array([group[0] for group in seen.values()], np.int64)


def _is_blank(x: Images) -> npt.NDArray[np.bool_]:
    flat = x.reshape(len(x), -1)
    is_blank: npt.NDArray[np.bool_] = flat.min(axis=1) == flat.max(axis=1)
    return is_blank


def _keep_nearest(pairs: Indices, correlations: Floats) -> tuple[Indices, Floats]:
    """Of the pairs (m, 2) of an image with earlier ones, the one that correlates most; in the order of the images."""
    order = np.lexsort((pairs[:, 0], -correlations, pairs[:, 1]))
    pairs, correlations = pairs[order], correlations[order]
    _, first = np.unique(pairs[:, 1], return_index=True)
    return pairs[first], correlations[first]
