"""The keys of a tree, and which key or name is probably meant by one that does not exist."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from nnfang.config.paths import join_path
from nnfang.core.constraints import UNIONS, annotations, is_scalar
from nnfang.core.layers import LAYERS, Layer
from nnfang.core.optimizers import OPTIMIZERS, Optimizer
from nnfang.core.schedules import SCHEDULES, Schedule
from nnfang.names import find_nearest

REGISTRIES: dict[Any, Mapping[str, type]] = {Layer: LAYERS, Optimizer: OPTIMIZERS, Schedule: SCHEDULES}
"""Annotation -> the classes that it stands for, by the names they have under ``type``."""

SYNONYMS = {
    # Keys
    "augmentation": "augment",
    "batch": "batch_size",
    "bs": "batch_size",
    "criterion": "loss",
    "data": "dataset",
    "early_stop": "early_stopping",
    "eps": "epsilon",
    "eta": "learning_rate",
    "hidden": "layers",
    "hidden_layer_sizes": "layers",
    "hidden_layers": "layers",
    "hidden_units": "layers",
    "init": "initializer",
    "kernel_initializer": "initializer",
    "lr": "learning_rate",
    "lr_scheduler": "schedule",
    "max_epochs": "epochs",
    "max_iter": "epochs",
    "n_epochs": "epochs",
    "neurons": "units",
    "num_epochs": "epochs",
    "out_features": "units",
    "p": "rate",
    "precision": "dtype",
    "random_state": "seed",
    "rate": "learning_rate",
    "scheduler": "schedule",
    "val_split": "validation_split",
    "validation": "validation_split",
    "validation_fraction": "validation_split",
    "wd": "weight_decay",
    # Names
    "cross_entropy": "categorical_crossentropy",
    "identity": "linear",
    "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform",
    "logistic": "sigmoid",
    "mse": "mean_squared_error",
    "nll": "categorical_crossentropy",
    "xavier_normal": "glorot_normal",
    "xavier_uniform": "glorot_uniform",
}
"""What PyTorch, Keras and scikit-learn call some keys and names -> what they are called here."""


@dataclass(frozen=True)
class Key:
    """A key that a tree may have.

    Attributes:
        path: Where it is.
        hint: The annotation of its value.
        owner: The dataclass of which it is an attribute; None for ``type``.
    """

    path: str
    hint: Any
    owner: type | None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]


def list_keys(hint: Any, path: str = "", items: int = 1) -> Iterator[Key]:
    """Each key that a tree may have; one that several types have comes several times.

    Args:
        hint: What the tree stands for: a dataclass, or another annotation of a field.
        path: Of the tree.
        items: How many items a list has.
    """
    if is_scalar(hint):
        return
    inner = unwrap(hint)
    if get_origin(inner) is tuple:
        for index in range(items):
            yield from list_keys(get_args(inner)[0], join_path(path, index), items)
        return
    if inner in REGISTRIES:
        yield Key(join_path(path, "type"), inner, None)
    for cls in REGISTRIES[inner].values() if inner in REGISTRIES else [inner]:
        for name, part in annotations(cls).items():
            yield Key(join_path(path, name), part, cls)
            yield from list_keys(part, join_path(path, name), items)


def find_key(key: str, path: str, allowed: Iterable[str], root: Any) -> str | None:
    """The path of the key that is probably meant by one that does not exist; None if no key is like it.

    Args:
        key: What was written.
        path: Of the mapping that it was written in.
        allowed: The keys that may be there.
        root: What the whole tree stands for.
    """
    if found := find_equivalent(key, path, allowed, root):
        return found
    keys = {name: join_path(path, name) for name in allowed}
    if not path:  # elsewhere, another key is meant by a word that is only alike
        keys = _unique_keys(root) | keys
    name = find_nearest(key, keys)
    return keys[name] if name else None


def find_equivalent(key: str, path: str, allowed: Iterable[str], root: Any) -> str | None:
    """As `find_key`, for a key that is written differently, or a synonym, or that belongs elsewhere."""
    here, elsewhere = {name: join_path(path, name) for name in allowed}, _unique_keys(root)
    for keys in (here, elsewhere):
        if name := find_same(key, keys):
            return keys[name]
    return None


def find_type(name: str, root: type) -> str | None:
    """How a type is chosen whose name was written as a key of a whole tree, such as ``optimizer.type=adam``.

    An item of a list is shown as YAML has it: ``layers: [..., {type: dropout}, ...]``. None if there is no such type.
    """
    for field, hint in annotations(root).items():
        inner = unwrap(hint)
        is_list = get_origin(inner) is tuple
        registry = REGISTRIES.get(get_args(inner)[0] if is_list else inner, {})
        if found := find_same(name, registry):
            return f"{field}: [..., {{type: {found}}}, ...]" if is_list else f"{field}.type={found}"
    return None


def find_same(name: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that differs only in case, hyphens and underscores, or of which `name` is a synonym."""
    plain = {_plain(other): other for other in allowed}
    return plain.get(_plain(name)) or plain.get(_plain(_PLAIN_SYNONYMS.get(_plain(name), "")))


def find_name(name: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that is probably meant by another; None if there is none."""
    allowed = list(allowed)
    return find_same(name, allowed) or find_nearest(name, allowed)


def types_with(key: str, registry: Mapping[str, type]) -> list[str]:
    """The types of a registry whose mappings have a key, or one that is meant by it."""
    return [name for name, cls in registry.items() if find_same(key, annotations(cls))]


def unwrap(hint: Any) -> Any:
    """X of the annotation ``X | None``; any other annotation as it is."""
    return get_args(hint)[0] if get_origin(hint) in UNIONS else hint


def _unique_keys(root: Any) -> dict[str, str]:
    """The path of each key of a tree, by its last part; left out where several have the same."""
    places: dict[str, set[str]] = {}
    for key in list_keys(root):
        places.setdefault(key.name, set()).add(key.path)
    return {name: found.pop() for name, found in places.items() if len(found) == 1}


def _plain(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "")


_PLAIN_SYNONYMS = {_plain(name): meaning for name, meaning in SYNONYMS.items()}
