"""The history of a run as columns, which a checkpoint of format 2 holds, and as lines, which history.csv holds."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.core.constraints import FieldError
from nnfang.training.events import Epoch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

MOST_EPOCHS = 250_000
"""Epochs that a checkpoint holds; reading them then takes 160 megabytes, however small a compressed file is."""

DTYPES = {
    **dict.fromkeys((field.name for field in fields(Epoch)), np.dtype("<f8")),
    "epoch": np.dtype("<i8"),
    "digest": np.dtype("S16"),
    "is_best": np.dtype("?"),
}
"""Field of `Epoch` -> type of its column. Not a number in `val_accuracy` stands for an epoch without validation."""

IMPOSSIBLE = "an epoch has a value that no training gives"
DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)

Columns = dict[str, "npt.NDArray[Any]"]


def to_columns(epochs: Sequence[Epoch]) -> Columns:
    """One array (epochs,) for each field.

    Raises:
        FieldError: A value is not what its column can hold.
    """
    values = {name: [getattr(epoch, name) for epoch in epochs] for name in DTYPES}
    values["digest"] = [digest.encode("ascii", "replace") for digest in values["digest"]]
    if any(len(digest) != DTYPES["digest"].itemsize for digest in values["digest"]):
        raise FieldError("history.digest", IMPOSSIBLE)
    try:
        return {name: np.array(values[name], dtype) for name, dtype in DTYPES.items()}
    except OverflowError as error:
        raise FieldError("history.epoch", IMPOSSIBLE) from error


def from_columns(columns: Mapping[str, npt.NDArray[Any]]) -> tuple[Epoch, ...]:
    """What `to_columns` was given."""
    lists = {name: column.tolist() for name, column in columns.items()}
    lists["digest"] = [digest.decode("ascii") for digest in lists["digest"]]
    without = np.isnan(columns["val_accuracy"]).nonzero()[0].tolist()
    for i in without:
        lists["val_accuracy"][i] = lists["val_loss"][i] = None
    return tuple(Epoch(*row) for row in zip(*(lists[name] for name in DTYPES), strict=True))


def check_columns(columns: Mapping[str, npt.NDArray[Any]]) -> None:
    """Refuse a history that no training has.

    Raises:
        FieldError: It is too long, the epochs are not counted from 1, or a value is impossible.
    """
    epochs = columns["epoch"]
    if len(epochs) > MOST_EPOCHS:
        raise FieldError("history", f"{len(epochs):,} epochs; a checkpoint can hold {MOST_EPOCHS:,}")
    accuracies = [columns["accuracy"], columns["val_accuracy"][~np.isnan(columns["val_accuracy"])]]
    digests = np.frombuffer(columns["digest"].tobytes(), np.uint8)
    possible = {
        "epoch": np.array_equal(epochs, np.arange(1, len(epochs) + 1)),
        "accuracy": all(((column >= 0) & (column <= 1)).all() for column in accuracies),
        "loss": all(np.isfinite(columns[name]).all() for name in ("loss", "learning_rate", "seconds")),
        "digest": np.isin(digests, DIGITS).all(),
    }
    if wrong := [name for name, is_possible in possible.items() if not is_possible]:
        raise FieldError(f"history.{wrong[0]}", IMPOSSIBLE)


def to_csv(epochs: Sequence[Epoch]) -> str:
    """The text of history.csv."""
    lines = io.StringIO()
    writer = csv.DictWriter(lines, [field.name for field in fields(Epoch)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, epochs))
    return lines.getvalue()
