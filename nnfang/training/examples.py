"""What training reads of a data set, so that it need not be one of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from nnfang.core.arrays import Images, Labels


class Examples(Protocol):
    """Rows to be trained on, each with its class: a `nnfang.data.Dataset`, or any table of numbers."""

    @property
    def name(self) -> str:
        """What error messages call the data."""

    @property
    def x_train(self) -> Images:
        """(n, …): bytes, which are divided by 255, or floats of any size, which are taken as they are."""

    @property
    def y_train(self) -> Labels:
        """(n,), each the number of a class, from 0."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """What each label stands for."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one row: (height, width) or (features,)."""
