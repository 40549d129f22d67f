import numpy as np

from nnfang.images.components import label_components


def test_components_are_8_connected() -> None:
    mask = np.array([[1, 1, 0, 0, 1], [0, 0, 1, 0, 1], [0, 0, 0, 0, 0], [1, 0, 1, 0, 0], [1, 1, 1, 0, 1]], bool)
    components = label_components(mask, np.full(mask.shape, 10, np.uint8))
    assert sorted(components.area.tolist()) == [1, 2, 3, 5]
    assert sorted(components.mass.tolist()) == [10, 20, 30, 50]
    (largest,) = components.box[components.area == 5].tolist()
    assert largest == [0, 3, 3, 5]
    assert components.border[components.area == 5].tolist() == [[2, 0, 0, 3]]


def test_components_of_noise_are_those_of_flood_filling() -> None:
    mask = np.random.default_rng(0).random((40, 50)) < 0.4
    components, left, areas = label_components(mask, mask.view(np.uint8)), mask.copy(), []
    while left.any():
        y, x = np.argwhere(left)[0]
        part = np.zeros_like(mask)
        part[y, x] = True
        while True:
            padded = np.pad(part, 1)
            around = [padded[i : i + 40, j : j + 50] for i in range(3) for j in range(3)]
            grown = np.logical_or.reduce(around) & mask
            if (grown == part).all():
                break
            part = grown
        areas.append(int(part.sum()))
        left &= ~part
    assert sorted(areas) == sorted(components.area.tolist())


def test_an_empty_mask_has_no_components() -> None:
    assert len(label_components(np.zeros((5, 6), bool), np.zeros((5, 6), np.uint8)).area) == 0
