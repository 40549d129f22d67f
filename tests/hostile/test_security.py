"""A config, a data set, a picture or a checkpoint may come from a stranger: nothing in one is ever run.

What could run it is not in the package at all, so that nobody has to find out whether it can be reached. The search is
in the syntax, not in the text, where docstrings speak of such things.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "nnfang"
FILES = sorted(PACKAGE.rglob("*.py"))

MODULES = {
    "pickle": "unpickling calls whatever the file names",
    "_pickle": "the same",
    "dill": "the same",
    "cloudpickle": "the same",
    "joblib": "it pickles",
    "shelve": "it pickles",
    "marshal": "it makes code objects of bytes",
    "code": "it runs text",
    "runpy": "it runs files",
    "ctypes": "it calls any address",
}
"""Modules that make more of a file than data."""

CALLS = {
    "eval": "it runs text",
    "exec": "it runs text",
    "compile": "it makes code of text",
    "__import__": "it imports a name that may come from a file",
    "os.system": "it runs text in a shell",
    "os.popen": "it runs text in a shell",
    "yaml.load": "its loader is easily an unsafe one; Loader(text).get_single_node() of our own is safe",
    "yaml.load_all": "the same",
    "yaml.unsafe_load": "it constructs whatever a tag names",
    "yaml.full_load": "it constructs much of what a tag names",
    "pickle.load": "it calls whatever the file names",
    "pickle.loads": "the same",
    "copyreg.__newobj__": "it constructs anything",
}
"""Calls that make more of a file than data."""

IMPORTERS = {
    "nnfang/__init__.py": "_HOMES",
    "nnfang/commands/__init__.py": "COMMANDS",
    "nnfang/exports/__init__.py": "FORMATS",
}
"""Files that import by name, and the table of their own from which alone the name can come."""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Each call, with the name that is called as it is written."""
    return ((ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def parse(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_nothing_in_the_package_could_run_what_stands_in_a_file(path: Path) -> None:
    tree = parse(path)
    found = [f"{name}: {MODULES[name]}" for name in imports(tree) if name in MODULES]
    for name, call in calls(tree):
        if name in CALLS or name.removeprefix("builtins.") in CALLS:
            found.append(f"line {call.lineno}: {name}: {CALLS[name.removeprefix('builtins.')]}")
        options = {option.arg: ast.unparse(option.value) for option in call.keywords}
        if options.get("shell", "False") != "False":
            found.append(f"line {call.lineno}: {name}(shell=...): a shell runs whatever is in the text")
        if options.get("allow_pickle", "False") != "False":
            found.append(f"line {call.lineno}: {name}(allow_pickle=...): NumPy unpickles object arrays")
        if name in {"np.load", "numpy.load"} and "allow_pickle" not in options:
            found.append(f"line {call.lineno}: {name}: say allow_pickle=False, whatever the default is")
    assert found == []


def test_modules_are_imported_by_name_only_from_tables_of_our_own() -> None:
    importers = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in FILES
        for name, _ in calls(parse(path))
        if name.rpartition(".")[2] in {"import_module", "load_module", "exec_module", "entry_points"}
    }
    assert importers == IMPORTERS.keys()
    for name, table in IMPORTERS.items():
        assert table in (PACKAGE.parent / name).read_text(encoding="utf-8")


def test_the_yaml_loader_knows_no_tag_that_constructs_an_object() -> None:
    from nnfang.config.yaml_loader import SCALARS, Loader

    assert all(tag is None or tag.startswith("tag:yaml.org,2002:") for tag in Loader.yaml_constructors)
    assert not Loader.yaml_multi_constructors
    assert all(tag.startswith("tag:yaml.org,2002:") for tag in SCALARS)


@pytest.mark.parametrize("code", ["eval('1')", "import pickle", "os.system('x')", "f(shell=True)", "np.load('x')"])
def test_the_search_finds_what_it_looks_for(code: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(code)
    with pytest.raises(AssertionError):
        test_nothing_in_the_package_could_run_what_stands_in_a_file(tmp_path / "a.py")
