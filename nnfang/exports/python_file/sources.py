"""Read the modules of nnfang as they are written: what each defines, what a definition needs, and what is imported.

A definition has the comment before and the docstring after it. Imports of nnfang are left out of it, even those within
functions, as are comments for tools.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TypeGuard

PACKAGE = "nnfang"

TOOLS = r"  # (noqa|type: ignore).*$"
"""Comments for tools that check nnfang, at the end of a line."""

Name = tuple[str, str]
"""A module, and a name that it defines or imports."""


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
    lines = source.split("\n")
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


def parse_statement(source: str) -> Definition:
    """A definition from its source alone."""
    return _describe(ast.parse(source).body[0], source)


def _describe(statement: ast.stmt, source: str) -> Definition:
    names = frozenset(node.id for node in ast.walk(statement) if isinstance(node, ast.Name))
    return Definition(source, names, isinstance(statement, ast.FunctionDef | ast.ClassDef))


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
