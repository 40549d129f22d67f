"""Bundle parts of nnfang into one module: the definitions that some names need, and no other, as they are written.

A name is looked up in its module, then the names in its definition, and so on through the modules of nnfang that are
imported. What remains of a module keeps its order, its comments and its docstrings; imports of nnfang disappear, even
those within functions, and all others at the top of a module are collected.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TypeGuard

PACKAGE = "nnfang"

TOOLS = r"  # (noqa|type: ignore).*$"
"""Comments for tools that check nnfang, at the end of a line."""

Name = tuple[str, str]
"""A module, and a name that it defines or imports."""

NOTHING: Mapping[Name, str] = MappingProxyType({})


class BundlingError(Exception):
    """The sources are written in a way that cannot be bundled: a fault of nnfang."""


@dataclass(frozen=True)
class Definition:
    """A top-level statement that defines a name, with the comments before and the docstring after it.

    Attributes:
        source: As it is written.
        needs: All names in it, local ones included.
        is_block: Whether it is a function or a class.
    """

    source: str
    needs: frozenset[str]
    is_block: bool


@dataclass(frozen=True)
class Module:
    """A module of nnfang.

    Attributes:
        docstring: What it says about itself.
        definitions: By the names that they define, in order.
        imports: What a name is imported from within nnfang.
        foreign: The statement that imports a name from anywhere else.
    """

    docstring: str
    definitions: dict[str, Definition] = field(default_factory=dict)
    imports: dict[str, Name] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)


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
            known[name] = module.definitions[name] if other is None else _parse_statement(other)
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


def path_of(name: str) -> str:
    """nnfang.images.arrays -> nnfang/images/arrays.py; nnfang.images -> nnfang/images/__init__.py."""
    parts = name.split(".")
    is_package = files(PACKAGE).joinpath(*parts[1:]).is_dir()
    return "/".join(parts) + ("/__init__.py" if is_package else ".py")


@cache
def read_module(name: str) -> Module:
    """Read the source of a module of nnfang.

    Raises:
        BundlingError: A statement is of a kind that is not known.
    """
    source = files(PACKAGE).joinpath(*path_of(name).split("/")[1:]).read_text(encoding="utf-8")
    tree = ast.parse(source)
    module = Module(ast.get_docstring(tree) or "")
    lines = source.splitlines()
    body = tree.body[1:] if module.docstring else tree.body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.Import | ast.ImportFrom):
            _read_import(name, statement, module)
        elif not _is_for_type_checkers(statement) and not _is_docstring(statement):
            inner = [node for node in ast.walk(statement) if _is_import_of_nnfang(node)]
            for node in inner:
                _read_import(name, node, module)
            source = _cut(lines, statement, following if _is_docstring(following) else None, inner)
            module.definitions[_defined_name(name, statement)] = _describe(statement, source)
    return module


def _describe(statement: ast.stmt, source: str) -> Definition:
    names = frozenset(node.id for node in ast.walk(statement) if isinstance(node, ast.Name))
    return Definition(source, names, isinstance(statement, ast.FunctionDef | ast.ClassDef))


def _parse_statement(source: str) -> Definition:
    return _describe(ast.parse(source).body[0], source)


def _read_import(name: str, statement: ast.Import | ast.ImportFrom, module: Module) -> None:
    for alias in statement.names:
        local = alias.asname or alias.name
        renamed = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
        if isinstance(statement, ast.Import):
            if alias.name.partition(".")[0] == PACKAGE:
                raise BundlingError(f"{name}, line {statement.lineno}: what is bundled imports names, not modules")
            module.foreign[local] = f"import {renamed}"
        elif not _is_import_of_nnfang(statement):
            module.foreign[local] = f"from {statement.module} import {renamed}"
        elif alias.asname:
            raise BundlingError(f"{name}, line {statement.lineno}: what is bundled keeps its name")
        else:
            module.imports[local] = (str(statement.module), alias.name)


def _is_import_of_nnfang(node: ast.AST) -> TypeGuard[ast.ImportFrom]:
    return isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == PACKAGE


def _is_for_type_checkers(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.If) and isinstance(statement.test, ast.Name) and statement.test.id == "TYPE_CHECKING"
    )


def _is_docstring(statement: ast.stmt | None) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _defined_name(name: str, statement: ast.stmt) -> str:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return statement.name
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    if len(targets) == 1 and isinstance(targets[0], ast.Name):
        return targets[0].id
    raise BundlingError(f"{name}, line {statement.lineno}: a statement that defines no name")


def _cut(lines: list[str], statement: ast.stmt, docstring: ast.stmt | None, left_out: Iterable[ast.stmt]) -> str:
    """A statement with its decorators, the comment before and the docstring after it, as they are written.

    Args:
        lines: Of the module.
        statement: What is cut out.
        docstring: What follows it, if that is its docstring.
        left_out: Statements in it that are left out, with the empty line after them.
    """
    decorators = getattr(statement, "decorator_list", [])
    start = min([statement.lineno, *(decorator.lineno for decorator in decorators)]) - 1
    while start and lines[start - 1].startswith("#"):
        start -= 1
    end = (docstring or statement).end_lineno or 0
    skipped: set[int] = set()
    for inner in left_out:
        after = inner.end_lineno or 0
        skipped |= set(range(inner.lineno - 1, after if lines[after].strip() else after + 1))
    return "\n".join(re.sub(TOOLS, "", lines[number]) for number in range(start, end) if number not in skipped)


def _join(definitions: Iterable[Definition]) -> str:
    """Definitions one below the other, with as many empty lines as is usual."""
    text, was_block = "", True
    for definition in definitions:
        gap = "\n\n\n" if definition.is_block or was_block else "\n\n"
        text += (gap if text else "") + definition.source
        was_block = definition.is_block
    return text
