"""The members of a checkpoint, and that they fit to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from nnfang.core.constraints import FieldError
from nnfang.errors import NnfangError
from nnfang.runs.format import encode_meta, name_columns
from nnfang.runs.meta import FORMAT

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from nnfang.core.arrays import Array
    from nnfang.core.network import Network
    from nnfang.core.optimizers import State
    from nnfang.runs.meta import Meta
    from nnfang.training.familiarity import Familiarity

PARAMETER_NAMES = ("weight", "bias")

FAMILIARITY = "familiarity."
"""How the names begin of what is known of the training images."""


def name_members(
    path: Path | None, network: Network, meta: Meta, optimizer_state: State, familiarity: Familiarity | None
) -> dict[str, Any]:
    """All that is in a file, by the names of its members."""
    text = describe(network, meta, path)
    return {"meta": text, **name_columns(meta), **name_arrays(network, optimizer_state, familiarity)}


def describe(network: Network, meta: Meta, path: Path | None = None) -> npt.NDArray[np.uint8]:
    """What a file says about the network in it: JSON in UTF-8, which `nnfang.runs.format` reads again.

    Raises:
        NnfangError: `load` would refuse it.
    """
    meta = msgspec.structs.replace(meta, format=FORMAT, theta_sha256=network.theta_sha256)
    try:
        text = encode_meta(meta)
        check_fit(network, meta)
    except (ValueError, msgspec.MsgspecError) as error:
        raise NnfangError(f"cannot be written, since it could not be read again: {error}", path) from error
    return text


def name_arrays(network: Network, optimizer_state: State, familiarity: Familiarity | None = None) -> dict[str, Array]:
    """The numbers of a network by the names of their members, views that may be written to."""
    known = familiarity.arrays if familiarity else {}
    parameterised = [parameters for parameters in network.parameters if parameters]
    return {
        f"layers.{i}.{name}": array
        for i, parameters in enumerate(parameterised)
        for name, array in zip(PARAMETER_NAMES, parameters, strict=True)
    } | {
        **{f"optimizer.{name}": vector for name, vector in optimizer_state.items()},
        **{f"{FAMILIARITY}{name}": array for name, array in known.items()},
    }


def check_fit(network: Network, meta: Meta) -> None:
    """Refuse a network that is not what its checkpoint says.

    Raises:
        FieldError: It has another number of outputs, or numbers to which nothing can be added.
    """
    if not np.isfinite(network.theta).all():
        raise FieldError("", "one of its weights is infinite or not a number")
    if len(meta.class_names) != network.outputs:
        raise FieldError("", f"{len(meta.class_names)} class names for {network.outputs} outputs")
