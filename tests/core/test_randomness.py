"""Random numbers come from the seed, a purpose and a position."""

import itertools

from nnfang.core.randomness import Purpose, generator


def test_the_same_place_has_the_same_numbers_whatever_was_drawn_before() -> None:
    generator(1, Purpose.SHUFFLE, 2).random(100)
    assert generator(1, Purpose.SHUFFLE, 2).random() == generator(1, Purpose.SHUFFLE, 2).random()


def test_no_two_places_share_their_numbers() -> None:
    places = list(itertools.product(range(5), Purpose, range(5)))
    assert len({generator(*place).random() for place in places}) == len(places)


def test_the_values_in_old_checkpoints_keep_their_meaning() -> None:
    assert {purpose.name: purpose.value for purpose in Purpose} == {
        "WEIGHTS": 0,
        "SPLIT": 1,
        "SHUFFLE": 2,
        "DROPOUT": 3,
        "AUGMENT": 4,
        "CHECK": 5,
    }
    assert generator(7, Purpose.DROPOUT, 3).bit_generator.random_raw() == 12758134343518170709
