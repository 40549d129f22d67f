"""Bundle parts of nnfang into one module: the definitions that some names need, and no other, as they are written.

A name is looked up in its module, then the names in its definition, and so on through the modules of nnfang that are
imported. What remains of a module keeps its order, its comments and its docstrings; imports of nnfang disappear, even
those within functions, and all others at the top of a module are collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nnfang.exports.python_file.sources import BundlingError, Definition, Name, parse_statement, path_of, read_module

NOTHING: Mapping[Name, str] = MappingProxyType({})


@dataclass(frozen=True)
class Bundle:
    """What was collected.

    Attributes:
        modules: The definitions that are needed of each module; a module comes after those that it imports.
        foreign: The statement that imports each name from outside nnfang.
    """

    modules: dict[str, dict[str, Definition]]
    foreign: dict[str, str]

    def sections(self) -> Iterator[tuple[str, str, str]]:
        """The path of each module, its docstring, and the source of what is needed of it."""
        for name, definitions in self.modules.items():
            yield path_of(name), read_module(name).docstring, _join(definitions.values())


def bundle(roots: Iterable[Name], replaced: Mapping[Name, str] = NOTHING) -> Bundle:
    """Collect what some names need.

    Args:
        roots: The names; modules that are named first come first, as far as their imports allow.
        replaced: Statements that take the place of definitions.

    Raises:
        BundlingError: Two modules give different things the same name, what is imported is not there, or a statement is
            of a kind that is not known.
    """
    needed: dict[str, dict[str, Definition]] = {}
    foreign: dict[str, str] = {}
    order: dict[str, None] = {}
    for root in roots:
        _collect(root, replaced, needed, foreign)
        _append(root[0], needed, order)
    modules = {
        name: {key: needed[name][key] for key in read_module(name).definitions if key in needed[name]}
        for name in order
        if needed[name]
    }
    owners: dict[str, str] = dict(foreign)
    for module, definitions in modules.items():
        for name in definitions:
            if owners.setdefault(name, module) != module:
                raise BundlingError(f"{name} is one thing in {module}, and another in {owners[name]}")
    return Bundle(modules, foreign)


def _collect(
    root: Name, replaced: Mapping[Name, str], needed: dict[str, dict[str, Definition]], foreign: dict[str, str]
) -> None:
    """Follow a name through its definition, and through the imports of its module."""
    todo = [_found(root)]
    while todo:
        module_name, name = todo.pop()
        module = read_module(module_name)
        known = needed.setdefault(module_name, {})
        if name in module.imports:
            todo.append(_found(module.imports[name]))
        elif name in module.foreign:
            if foreign.setdefault(name, module.foreign[name]) != module.foreign[name]:
                raise BundlingError(f"{name} is imported in two ways: {module.foreign[name]}, {foreign[name]}")
        elif name in module.definitions and name not in known:
            other = replaced.get((module_name, name))
            known[name] = module.definitions[name] if other is None else parse_statement(other)
            todo += [(module_name, needed_name) for needed_name in sorted(known[name].needs)]


def _found(name: Name) -> Name:
    """A name that its module defines or imports."""
    module = read_module(name[0])
    if name[1] not in module.definitions.keys() | module.imports.keys() | module.foreign.keys():
        raise BundlingError(f"{name[0]} has no {name[1]}; what is bundled imports names, not modules")
    return name


def _append(name: str, needed: Mapping[str, object], order: dict[str, None]) -> None:
    """Put a module after those that it imports."""
    if name in order:
        return
    for imported, _ in read_module(name).imports.values():
        if imported in needed:
            _append(imported, needed, order)
    order[name] = None


def _join(definitions: Iterable[Definition]) -> str:
    """Definitions one below the other, with as many empty lines as is usual."""
    text, was_block = "", True
    for definition in definitions:
        gap = "\n\n\n" if definition.is_block or was_block else "\n\n"
        text += (gap if text else "") + definition.source
        was_block = definition.is_block
    return text
