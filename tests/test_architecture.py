"""Who may import whom, how early, and how large a file or function may grow."""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "nnfang"
FILES = sorted(PACKAGE.rglob("*.py"))

GROUND = {"nnfang.errors", "nnfang.files", "nnfang.names"}
"""What all rooms but core may import."""

MAY_IMPORT = {
    "nnfang.errors": set(),
    "nnfang.names": set(),
    "nnfang.locks": set(),
    "nnfang.files": {"nnfang.locks"},
    # The maths, how it is run, and what is done with it: each stands on those above it
    "nnfang.core": {"numpy", "nnfang.core"},
    "nnfang.engines": {"numpy", "nnfang.core", "nnfang.engines", "nnfang.machine"},
    "nnfang.engines.compiled": {"numba", "numpy", "nnfang.core", "nnfang.engines"},
    "nnfang.engines.compilation": {"numba", "nnfang.core", "nnfang.engines.kernels", "nnfang.machine"},
    "nnfang.engines.kernels": {"llvmlite", "numba", "numpy", "nnfang.core", "nnfang.engines.kernels"},
    "nnfang.training": {
        *("numpy", "nnfang.core", "nnfang.engines", "nnfang.machine", "nnfang.training"),
        "nnfang.data",  # the type of a data set
    },
    "nnfang.config": {"yaml", "nnfang.config", "nnfang.core", "nnfang.training"},
    "nnfang.runs": {
        *("msgspec", "numpy", "nnfang", "nnfang.locks"),
        *("nnfang.config", "nnfang.core", "nnfang.runs", "nnfang.training"),
        *("nnfang.data", "nnfang.images", "nnfang.machine"),
    },
    "nnfang.runs.sweeps.executors": {"mpi4py", "nnfang.machine"},
    "nnfang.reports": {
        *("jinja2", "markupsafe", "matplotlib", "numpy"),
        *("nnfang", "nnfang.config", "nnfang.core", "nnfang.data", "nnfang.reports", "nnfang.runs", "nnfang.training"),
    },
    "nnfang.exports": {
        *("numpy", "onnx", "onnxruntime", "safetensors"),
        *("nnfang", "nnfang.core", "nnfang.data", "nnfang.exports", "nnfang.runs", "nnfang.training"),
    },
    "nnfang.exports.page": {
        *("numpy", "nnfang", "nnfang.config", "nnfang.core", "nnfang.data"),
        *("nnfang.exports", "nnfang.images", "nnfang.runs"),
    },
    "nnfang.exports.python_file": {"numpy", "nnfang.core", "nnfang.exports", "nnfang.images", "nnfang.runs"},
    "nnfang.commands": {
        *("click", "msgspec", "rich"),
        *("nnfang", "nnfang.commands", "nnfang.config", "nnfang.core", "nnfang.data", "nnfang.engines"),
        *("nnfang.exports", "nnfang.images", "nnfang.machine", "nnfang.reports", "nnfang.runs", "nnfang.training"),
    },
    "nnfang.sklearn": {
        *("numpy", "sklearn"),
        *("nnfang.config", "nnfang.core", "nnfang.engines", "nnfang.exports", "nnfang.runs", "nnfang.sklearn"),
        "nnfang.training",
    },
    # Leaves, which know none of the others
    "nnfang.data": {"numpy", "platformdirs", "pooch", "requests", "nnfang.data"},
    "nnfang.images": {"numpy", "PIL", "nnfang.images"},
    "nnfang.machine.ranks": {"mpi4py", "numpy", "nnfang.machine"},
    "nnfang.machine": {"numpy", "platformdirs", "threadpoolctl", "nnfang", "nnfang.locks", "nnfang.machine"},
    # Faces
    "nnfang": {"nnfang.core", "nnfang.data", "nnfang.exports", "nnfang.runs", "nnfang.training"},
    "nnfang.__main__": {"nnfang.commands"},
}
"""Module or package -> what it may import besides the standard library, wherever in the file. Nothing else may be."""

PROVIDED_BY = {"PIL": "pillow", "sklearn": "scikit-learn", "yaml": "pyyaml"}
"""Import name -> the dependency that brings it, where the names differ."""

HEAVY = ("numpy", "msgspec", "rich", "yaml", "pooch", "requests", "PIL", "platformdirs", "matplotlib", "jinja2", "onnx")
"""What takes long to import."""

MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 45
FORBIDDEN_WORDS = ("util", "helper", "base", "manager", "misc", "common")


def name_of(path: Path) -> str:
    """nnfang/core/layers.py -> nnfang.core.layers."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


NAMES = {name_of(path): path for path in FILES}


def imports_of(path: Path, *, only_first: bool = False) -> Iterator[str]:
    """The modules that a file imports anywhere, or only those that importing the file itself imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if only_first else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}, line {node.lineno}: imports are absolute"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in NAMES else str(node.module)


def owner_of(module: str) -> str:
    """The entry of the table that holds for a module: its own, or its package's."""
    while module not in MAY_IMPORT:
        assert module.count(".") > 1, f"{module} has no entry in MAY_IMPORT: decide what it may import"
        module = module.rpartition(".")[0]
    return module


def is_allowed(imported: str, allowed: set[str]) -> bool:
    """Whether a module, or a package that it is part of, is in the set; "nnfang" stands for itself alone."""
    parts = imported.split(".")
    prefixes = {".".join(parts[:i]) for i in range(1, len(parts) + 1)} - ({"nnfang"} if len(parts) > 1 else set())
    return bool(prefixes & allowed)


@pytest.mark.parametrize("module", NAMES)
def test_a_module_imports_only_what_it_may(module: str) -> None:
    allowed = MAY_IMPORT[owner_of(module)] | (set() if module.startswith("nnfang.core") else GROUND)
    foreign = [name for name in imports_of(NAMES[module]) if name.split(".")[0] not in sys.stdlib_module_names]
    assert [name for name in foreign if not is_allowed(name, allowed)] == []


def test_the_table_allows_nothing_that_nobody_needs() -> None:
    used: dict[str, set[str]] = {entry: set() for entry in MAY_IMPORT}
    for module, path in NAMES.items():
        entry = owner_of(module)
        used[entry] |= {name for name in MAY_IMPORT[entry] if any(is_allowed(i, {name}) for i in imports_of(path))}
    own_package = {entry: {entry} & MAY_IMPORT[entry] for entry in MAY_IMPORT}
    assert {entry: MAY_IMPORT[entry] - used[entry] - own_package[entry] for entry in MAY_IMPORT} == {
        entry: set() for entry in MAY_IMPORT
    }


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("click", {"nnfang.commands"}),
        ("rich", {"nnfang.commands"}),
        ("yaml", {"nnfang.config"}),
        ("pooch", {"nnfang.data"}),
        ("requests", {"nnfang.data"}),
        ("PIL", {"nnfang.images"}),
        ("threadpoolctl", {"nnfang.machine"}),
        ("jinja2", {"nnfang.reports"}),
        ("markupsafe", {"nnfang.reports"}),
        ("matplotlib", {"nnfang.reports"}),
        ("numba", {"nnfang.engines.compilation", "nnfang.engines.compiled", "nnfang.engines.kernels"}),
        ("llvmlite", {"nnfang.engines.kernels"}),
        ("msgspec", {"nnfang.runs", "nnfang.commands"}),
        ("sklearn", {"nnfang.sklearn"}),
        ("onnx", {"nnfang.exports"}),
        ("onnxruntime", {"nnfang.exports"}),
        ("safetensors", {"nnfang.exports"}),
    ],
)
def test_a_library_is_used_in_its_place_alone(library: str, homes: set[str]) -> None:
    assert {entry for entry, allowed in MAY_IMPORT.items() if library in allowed} == homes


def test_no_leaf_knows_another() -> None:
    leaves = {"data", "images", "machine"}
    for leaf in leaves:
        rooms = {name for name in MAY_IMPORT[f"nnfang.{leaf}"] if name.startswith("nnfang.")}
        assert rooms <= {f"nnfang.{leaf}", "nnfang.locks"}


def test_the_rooms_stand_on_one_another_and_no_arrow_points_back() -> None:
    rooms = {name.split(".")[1] for name in MAY_IMPORT if "." in name} - {"__main__"}
    graph: dict[str, set[str]] = {room: set() for room in rooms}
    for entry, allowed in MAY_IMPORT.items():
        room = entry.partition(".")[2].partition(".")[0]
        if room in rooms:
            graph[room] |= {name.split(".")[1] for name in allowed if name.startswith("nnfang.")} - {room}
    TopologicalSorter(graph).prepare()


def test_the_libraries_in_use_are_those_that_are_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = project["dependencies"] + [
        line for name in ("mpi", "turbo", "report", "onnx", "safetensors", "sklearn") for line in extras[name]
    ]
    used = {name for allowed in MAY_IMPORT.values() for name in allowed if not name.startswith("nnfang")}
    installed = {line.split(">")[0] for line in declared} - {"mpich"}  # which mpi4py loads, or another MPI
    assert {PROVIDED_BY.get(name, name) for name in used} == installed


def test_no_module_needs_itself_to_be_imported() -> None:
    graph = {module: set(imports_of(path, only_first=True)) & set(NAMES) for module, path in NAMES.items()}
    TopologicalSorter(graph).prepare()


def imported_by(code: str) -> list[str]:
    """What of the heavy libraries a fresh Python has imported after `code`."""
    code = f"import json, sys\n{code}\nprint(json.dumps([n for n in {HEAVY} if n in sys.modules]), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stderr)
    return found


def calling(*arguments: str) -> str:
    """Code that runs the program as the shell would."""
    return (
        f"sys.argv = {['nnfang', *arguments]}\nfrom nnfang.commands import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code"
    )


def test_importing_the_library_imports_nothing_heavy() -> None:
    assert imported_by("import nnfang") == []
    assert imported_by("import nnfang; dir(nnfang); nnfang.__version__") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        *(
            [command, "--help"]
            for command in (
                "train",
                "evaluate",
                "report",
                "compare",
                "predict",
                "explain",
                "export",
                "import",
                "check",
                "verify",
                "runs",
                "inspect",
                "diagnose",
                "recipes",
                "data",
                "info",
                "bench",
            )
        ),
        ["data", "fetch", "--help"],
        ["data", "check", "--help"],
    ],
    ids=" ".join,
)
def test_help_comes_without_waiting(arguments: list[str]) -> None:
    assert imported_by(calling(*arguments)) == []


def test_every_name_of_the_face_is_there() -> None:
    import nnfang

    for name in nnfang.__all__:
        assert getattr(nnfang, name) is not None
    assert set(nnfang._HOMES) == set(nnfang.__all__) - {"__version__"}
    with pytest.raises(AttributeError, match="module 'nnfang' has no attribute 'nothing'"):
        _ = nnfang.nothing


@pytest.mark.parametrize("module", NAMES)
def test_files_and_functions_stay_small(module: str) -> None:
    text = NAMES[module].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES_OF_A_FILE
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {function.name: (function.end_lineno or 0) - function.lineno + 1 for function in functions}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES_OF_A_FUNCTION} == {}


def test_files_have_names_that_say_what_is_in_them() -> None:
    assert [str(path) for path in FILES for word in FORBIDDEN_WORDS if word in path.stem] == []


def test_commands_talk_through_the_console_or_click_and_nothing_else_prints() -> None:
    calls = [
        f"{module}, line {node.lineno}"
        for module, path in NAMES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if not module.startswith("nnfang.exports.python_file.program.")  # which runs where nnfang is not
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"print", "exec", "eval"}
    ]
    assert calls == []
