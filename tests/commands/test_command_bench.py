from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang


def test_every_engine_is_timed(nnfang: Nnfang) -> None:
    (found,) = nnfang("bench", "--json").objects
    assert {row["engine"] for row in found["epochs"]} == {"online", "compiled", "batch"}
    for row in found["epochs"]:
        assert row["seconds"] * row["images_per_second"] / 60_000 > 0.999
    assert found["gflops"] > 0
