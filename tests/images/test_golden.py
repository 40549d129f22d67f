"""Each picture still becomes the image that it became before, and the same is said of it."""

import numpy as np

from tests.images.golden import EACH, FILE, TOLERANCE, facts_of, prepare_kinds
from tests.images.kinds import KINDS
from tests.images.pages import difference


def test_pictures_of_all_kinds_become_what_they_became_before() -> None:
    with np.load(FILE) as file:
        images, facts = file["images"], file["facts"]
    assert len(images) == EACH * len(KINDS)
    for (kind, prepared), image, fact in zip(prepare_kinds(), images, facts, strict=True):
        assert difference(prepared.image, image) < 1, kind
        assert (np.abs(facts_of(prepared) - fact) <= TOLERANCE).all(), kind
