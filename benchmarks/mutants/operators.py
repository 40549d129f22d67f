"""What can be wrong in a line of Python: from the source of a file, copies of it with one fault each."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
OPPOSITES = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor"}
ANNOTATIONS = {"annotation", "returns"}
ASSERTING = "strict"
"""The keyword of zip that changes nothing unless something else is wrong."""


@dataclass(frozen=True)
class Mutant:
    """One fault in one file.

    Attributes:
        line: Where, from 1.
        old: The code that is replaced.
        new: What replaces it.
        source: The whole file with the fault.
    """

    line: int
    old: str
    new: str
    source: str


def find_mutants(source: str) -> list[Mutant]:
    """Copies of a file with one fault each, in the order of its lines."""
    content = source.encode()
    starts = [0]
    for line in content.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    mutants: list[Mutant] = []
    for node in walk(ast.parse(source)):
        for target, changed in find_replacements(node):
            if ast.unparse(changed) == ast.unparse(target):
                continue
            first, last = (
                starts[line - 1] + column
                for line, column in ((target.lineno, target.col_offset), (target.end_lineno, target.end_col_offset))
            )
            # Parentheses keep what stands around an expression from tearing it apart.
            new = f"({ast.unparse(changed)})" if isinstance(changed, ast.expr) else ast.unparse(changed)
            whole = (content[:first] + new.encode() + content[last:]).decode()
            mutants.append(Mutant(target.lineno, content[first:last].decode(), new, whole))
    return sorted(mutants, key=lambda mutant: mutant.line)


def walk(parent: ast.AST) -> Iterator[Any]:
    """The statements and expressions that run; of annotations only calls, such as those of constraints."""
    for name, value in ast.iter_fields(parent):
        for node in value if isinstance(value, list) else [value]:
            if name in ANNOTATIONS and node:
                yield from (part for call in ast.walk(node) if isinstance(call, ast.Call) for part in walk(call))
            elif isinstance(node, ast.AST) and not is_without_effect(node):
                if isinstance(node, ast.stmt | ast.expr):
                    yield node
                yield from walk(node)


def is_without_effect(node: ast.AST) -> bool:
    """Whether a node is for a type checker or a reader only, or its place in the file is not told (f-strings)."""
    match node:
        case ast.If(test=ast.Name("TYPE_CHECKING")) | ast.Expr(value=ast.Constant()) | ast.JoinedStr():
            return True
        case ast.Call(func=ast.Name("dataclass")):
            return True
        case ast.keyword(arg=name):
            return name == ASSERTING
    return False


def find_replacements(node: Any) -> Iterator[tuple[Any, ast.AST]]:
    """A node, or the part of it that is replaced, and by what; once for each way in which it can be wrong."""
    for kinds, change in OPERATORS:
        if isinstance(node, kinds):
            yield from ((node, changed) for changed in change(node))
    if isinstance(node, ast.If | ast.While) and not isinstance(node.test, ast.Compare | ast.UnaryOp | ast.Constant):
        yield node.test, ast.UnaryOp(ast.Not(), node.test)


def replaced(node: Any, **fields: Any) -> Any:
    """A copy of a node with other fields."""
    changed = copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def compare_otherwise(node: ast.Compare) -> Iterator[ast.AST]:
    """``<`` becomes ``<=``, ``==`` becomes ``!=`` …"""
    for i, operator in enumerate(node.ops):
        yield replaced(node, ops=[*node.ops[:i], COMPARISONS[type(operator)](), *node.ops[i + 1 :]])


def calculate_otherwise(node: ast.BinOp | ast.AugAssign) -> Iterator[ast.AST]:
    """``+`` becomes ``-`` …"""
    if other := ARITHMETIC.get(type(node.op)):
        yield replaced(node, op=other())


def combine_otherwise(node: ast.BoolOp) -> Iterator[ast.AST]:
    """``and`` becomes ``or``, or one of the operands is forgotten."""
    yield replaced(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for i in range(len(node.values)):
        rest = [*node.values[:i], *node.values[i + 1 :]]
        yield replaced(node, values=rest) if len(rest) > 1 else rest[0]


def drop_operator(node: ast.UnaryOp) -> Iterator[ast.AST]:
    """A ``not`` or a sign is forgotten."""
    yield node.operand


def choose_otherwise(node: ast.IfExp) -> Iterator[ast.AST]:
    """The two sides of a choice change places."""
    yield replaced(node, body=node.orelse, orelse=node.body)


def change_constant(node: ast.Constant) -> Iterator[ast.AST]:
    """A whole number is off by one, another one by half; true becomes false."""
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield from (ast.Constant(node.value + 1), ast.Constant(node.value - 1))
    elif isinstance(node.value, float):
        yield ast.Constant(node.value * 1.5 or 1.0)


def call_otherwise(node: ast.Call) -> Iterator[ast.AST]:
    """A function becomes its opposite, two arguments change places, or one with a name is forgotten."""
    if isinstance(node.func, ast.Name) and node.func.id in OPPOSITES:
        yield replaced(node, func=ast.Name(OPPOSITES[node.func.id]))
    for i, keyword in enumerate(node.keywords):
        if keyword.arg != ASSERTING:
            yield replaced(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])
    if not any(isinstance(argument, ast.Starred) for argument in node.args):
        for i in range(len(node.args) - 1):
            yield replaced(node, args=[*node.args[:i], node.args[i + 1], node.args[i], *node.args[i + 2 :]])


def remove_statement(node: ast.stmt) -> Iterator[ast.AST]:
    """A statement is forgotten, unless it gives a name a value, without which nothing would go on."""
    if not (isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets)):
        yield ast.Pass()


def return_nothing(node: ast.Return) -> Iterator[ast.AST]:
    """The value of a function is forgotten."""
    if node.value and ast.unparse(node.value) != "None":
        yield ast.Return(ast.Constant(None))


OPERATORS: tuple[tuple[Any, Callable[[Any], Iterator[ast.AST]]], ...] = (
    (ast.Compare, compare_otherwise),
    (ast.BinOp | ast.AugAssign, calculate_otherwise),
    (ast.BoolOp, combine_otherwise),
    (ast.UnaryOp, drop_operator),
    (ast.IfExp, choose_otherwise),
    (ast.Constant, change_constant),
    (ast.Call, call_otherwise),
    (ast.Expr | ast.Assign | ast.AugAssign | ast.Raise | ast.Break | ast.Continue | ast.Delete, remove_statement),
    (ast.Return, return_nothing),
)
