"""The bar of a download on its way from whoever loads a data set."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nnfang import data
from nnfang.data import registry
from nnfang.runs.datasets import load_data
from tests.data.servers import MakeTiny, Serve


class Bar:
    """As `nnfang.data.ProgressBar` wants it."""

    total: float | None = None

    def __init__(self, description: str, done: dict[str, int]) -> None:
        self.description, self.done = description, done

    def update(self, n: int) -> None:
        self.done[self.description] = self.done.get(self.description, 0) + n

    def reset(self) -> None:
        self.done[self.description] = 0

    def close(self) -> None:
        pass


@pytest.fixture
def known(served: Path, serve: Serve, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch) -> registry.KnownDataset:
    known: registry.KnownDataset = make_tiny(serve(folder=served / "tiny"))
    monkeypatch.setitem(registry.DATASETS, "tiny", known)
    return known


@pytest.mark.parametrize("load", [data.load, load_data])
def test_whoever_loads_a_data_set_by_name_can_show_its_download(
    load: Callable[..., data.Dataset], known: registry.KnownDataset
) -> None:
    done: dict[str, int] = {}
    load("tiny", progress=lambda description: Bar(description, done))
    assert done == {f"tiny: {name}": file.size for name, file in known.files.items()}
