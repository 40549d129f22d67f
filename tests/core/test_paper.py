"""The table in nnfang/core/README.md and the citations in the code say the same, and the paper is in it whole."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name

import pytest

import nnfang

PACKAGE = Path(nnfang.__file__).parent
TESTS = Path(__file__).parents[1]
README = (PACKAGE / "core" / "README.md").read_text(encoding="utf-8")
WHOLE = {f"eq. {n}" for n in range(1, 46)} | {f"Algorithm {n}" for n in (1, 2, 3)}

EQUATIONS = re.compile(r"\beq\.\s+(\d+(?:(?:,|\s+and|\s+to)\s+\d+)*)", re.IGNORECASE)
"""eq. 38; eq. 38, 41; eq. 1 and 2; eq. 41 to 43."""

ELSEWHERE = re.compile(r'Source:.*?(?=\n\s*\n|""")', re.DOTALL)
"""From "Source:" to the end of its paragraph: what is cited there is another paper's."""


def cited(text: str) -> set[str]:
    """The equations and algorithms of the paper that `text` cites."""
    found = {f"Algorithm {number}" for number in re.findall(r"\bAlgorithm\s+(\d+)", text)}
    for numbers in EQUATIONS.findall(text):
        last = 0
        for join, number in re.findall(r"(to|and|,)?\s*(\d+)", numbers):
            first = last + 1 if join == "to" else int(number)
            last = int(number)
            found |= {f"eq. {n}" for n in range(first, last + 1)}
    return found


def definitions(node: ast.AST, name: str) -> Iterator[tuple[str, int, int]]:
    """The dotted name, first and last line of everything defined in `node`, outermost first."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inner = f"{name}.{child.name}"
            yield inner, child.lineno, child.end_lineno or child.lineno
            yield from definitions(child, inner)


KERNELS = "engines.kernels"
"""A package that the table has as one."""


def read_citations() -> dict[str, set[str]]:
    """What each module, class and function cites, in docstrings and comments, inner definitions included."""
    citations: dict[str, set[str]] = defaultdict(set)
    files = [*PACKAGE.glob("core/*.py"), *PACKAGE.glob("engines/**/*.py"), PACKAGE / "training" / "loop.py"]
    for file in files:
        text = ELSEWHERE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), file.read_text(encoding="utf-8"))
        module = ".".join(file.relative_to(PACKAGE).with_suffix("").parts)
        module = KERNELS if module.startswith(KERNELS) else module
        lines = text.splitlines()
        for name, first, last in [(module, 1, len(lines)), *definitions(ast.parse(text), module)]:
            citations[name] |= cited("\n".join(lines[first - 1 : last]))
    return citations


@dataclass(frozen=True)
class Row:
    paper: frozenset[str]
    code: tuple[str, ...]
    leads_to: frozenset[str]
    tests: tuple[str, ...]


def read_rows() -> list[Row]:
    """The table."""
    rows = []
    for line in README.splitlines():
        if re.match(r"\| (eq\.|Algorithm) ", line):
            paper, _, code, tests = (cell.strip() for cell in line.strip("|").split("|"))
            target = frozenset(cited(code)) if code.startswith("→") else frozenset()
            rows.append(Row(frozenset(cited(paper)), named(code), target, named(tests)))
    return rows


def named(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", text))


CITATIONS = read_citations()
ROWS = read_rows()
TEST_NAMES = [
    name.rpartition(".")[2]
    for folder in ("core", "engines")
    for file in (TESTS / folder).glob("test_*.py")
    for name, *_ in definitions(ast.parse(file.read_text(encoding="utf-8")), file.stem)
]


def row_of(key: str) -> Row:
    return next(row for row in ROWS if key in row.paper)


def code_of(key: str) -> set[str]:
    """The code in the row of `key`; for a step of a derivation, in the rows of what it proves."""
    row = row_of(key)
    return set(row.code).union(*(row_of(target).code for target in row.leads_to))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("eq. 38", {"eq. 38"}),
        ("(eq. 38, 41)", {"eq. 38", "eq. 41"}),
        ("eq. 1 and 2 for each", {"eq. 1", "eq. 2"}),
        ("Eq. 35, 37 to 39", {"eq. 35", "eq. 37", "eq. 38", "eq. 39"}),
        ("eq. 44 and\n    45, with eq. 42", {"eq. 44", "eq. 45", "eq. 42"}),
        ("Algorithm 3, 60,000 times", {"Algorithm 3"}),
        ("Algorithm 1 but for", {"Algorithm 1"}),
        ("no seq. 3 here", set()),
    ],
)
def test_a_citation_is_read_as_it_is_meant(text: str, expected: set[str]) -> None:
    assert cited(text) == expected


def test_the_paper_is_in_the_table_whole_and_once() -> None:
    listed = [key for row in ROWS for key in row.paper]
    assert sorted(listed) == sorted(WHOLE)


def test_a_step_of_a_derivation_leads_to_an_equation_that_has_code() -> None:
    assert [row for row in ROWS if bool(row.code) == bool(row.leads_to)] == []
    assert [target for row in ROWS for target in row.leads_to if not row_of(target).code] == []


@pytest.mark.parametrize("name", sorted(name for name, keys in CITATIONS.items() if keys))
def test_what_the_code_cites_is_in_the_table_beside_its_module(name: str) -> None:
    module = next(module for module in modules() if name == module or name.startswith(f"{module}."))
    for key in CITATIONS[name]:
        assert key in WHOLE
        assert any(f"{code}.".startswith(f"{module}.") for code in code_of(key)), f"{name} cites {key}"


def modules() -> list[str]:
    """The modules that are read, by their dotted names."""
    return [KERNELS, *(name for name in CITATIONS if (PACKAGE / (name.replace(".", "/") + ".py")).is_file())]


@pytest.mark.parametrize("code", sorted({code for row in ROWS for code in row.code}))
def test_the_code_in_the_table_exists_and_cites_what_it_stands_beside(code: str) -> None:
    assert resolve_name(f"nnfang.{code}")
    beside = {key for row in ROWS if code in row.code for key in row.paper}
    assert beside <= CITATIONS[code]


def test_every_row_and_every_departure_has_a_test_that_exists() -> None:
    assert [row for row in ROWS if not row.tests] == []
    mentioned = set(re.findall(r"`(test_\w+)`", README))
    assert mentioned <= set(TEST_NAMES)
    departures = re.split(r"\n\n(?=\*\*)", README.partition("## Departures")[2])[1:]
    assert len(departures) > 15
    assert [text.splitlines()[0] for text in departures if "`test_" not in text] == []


def test_no_two_tests_share_a_name() -> None:
    """A name in the table means one test."""
    mentioned = re.findall(r"`(test_\w+)`", README)
    assert [name for name in set(mentioned) if TEST_NAMES.count(name) != 1] == []
