"""The faults that `benchmarks.mutants` puts into code: each is valid Python, in one place, and changes something."""

import ast
from pathlib import Path

import pytest

from benchmarks.mutants.operators import find_mutants
from nnfang.runs import recorder
from nnfang.training import recipe


def faults(source: str) -> list[tuple[str, str]]:
    return [(mutant.old, mutant.new) for mutant in find_mutants(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", [("a < b", "(a <= b)")]),
        ("x = a is not b", [("a is not b", "(a is b)")]),
        ("x = a - b", [("a - b", "(a + b)")]),
        ("x += a", [("x += a", "x -= a"), ("x += a", "pass")]),
        ("x = a and b", [("a and b", "(a or b)"), ("a and b", "(b)"), ("a and b", "(a)")]),
        ("x = not a", [("not a", "(a)")]),
        ("x = a if b else c", [("a if b else c", "(c if b else a)")]),
        ("x = 3", [("3", "(4)"), ("3", "(2)")]),
        ("x = True, 0.5, 0.0", [("True", "(False)"), ("0.5", "(0.75)"), ("0.0", "(1.0)")]),
        ("x = min(a, b)", [("min(a, b)", "(max(a, b))"), ("min(a, b)", "(min(b, a))")]),
        ("x = f(k=a)", [("f(k=a)", "(f())")]),
        ("f(a)", [("f(a)", "pass")]),
        ("def f():\n    return a", [("return a", "return None")]),
        ("def f():\n    return None", []),
        ("if f(a):\n    raise b", [("f(a)", "(not f(a))"), ("raise b", "pass")]),
        ("x: Annotated[int, Bounds(ge=1)] = a", [("1", "(2)"), ("1", "(0)")]),
        ('"""Text."""\nif TYPE_CHECKING:\n    f(1)\nx = f"{a + b}"', []),
        ("x = zip(a, b, strict=True)", [("zip(a, b, strict=True)", "(zip(b, a, strict=True))")]),
        ("x = f(a, a)", []),
        ("ü = é < a", [("é < a", "(é <= a)")]),
    ],
)
def test_a_piece_of_code_can_be_wrong_in_these_ways(source: str, expected: list[tuple[str, str]]) -> None:
    assert faults(source) == expected


@pytest.mark.parametrize("module", [recorder, recipe])
def test_each_fault_is_valid_python_and_another_program(module: object) -> None:
    source = Path(str(getattr(module, "__file__", ""))).read_text()
    mutants = find_mutants(source)
    assert len(mutants) > 20
    before = ast.dump(ast.parse(source))
    for mutant in mutants:
        assert ast.dump(ast.parse(mutant.source)) != before
        assert mutant.source.splitlines()[: mutant.line - 1] == source.splitlines()[: mutant.line - 1]
