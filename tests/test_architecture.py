"""Which way imports point, what is used where, and how large things may be. Everything is read from the syntax tree."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "docbatch"

LAYERS = (
    ("cli",),
    ("engine", "emulators"),
    ("sources", "providers", "sinks", "state", "spec", "spool", "webhooks"),
    (
        "planner",
        "packing",
        "lanes",
        "lifecycle",
        "changes",
        "guard",
        "report",
        "keys",
        "templates",
        "expressions",
        "pathtext",
        "media",
        "durability",
        "references",
        "links",
        "filenames",
        "signed",
        "jsontext",
        "processes",
    ),
    ("results",),
    ("models",),
    ("errors",),
)
CORE = LAYERS[3]
LEVEL = {group: level for level, groups in enumerate(LAYERS) for group in groups}

SIDEWAYS: dict[tuple[str, str], str] = {
    ("sinks/base.py", "providers"): "a delivery carries the provider's Answer",
    ("sinks/formats.py", "providers"): "the provider's Answer is what is written",
    ("spec/configs.py", "providers"): "a provider's own options are checked by the provider's model",
    ("spec/overlap.py", "sources"): "whether a source would find outputs is asked of the source's own globs",
    ("spec/resolve.py", "sources"): "a pattern is right where the source's own globs accept it",
    ("spool.py", "providers"): "the spool admits the provider's Draft",
}
AT_HOME = {
    "httpx": ("providers/",),
    "sqlite3": ("state/", "sources/", "sinks/", "engine/desk.py"),
    "sqlite_utils": ("state/", "sources/", "sinks/", "engine/desk.py"),
    "click": ("cli/",),
    "rich": ("cli/",),
    "uvicorn": ("webhooks/",),
}
LONG_FUNCTIONS: dict[str, str] = {}
LONG_MODULES: dict[str, str] = {}
MOST_LINES_OF_A_FUNCTION = 50
MOST_LINES_OF_A_MODULE = 350
SAY_NOTHING = {
    "util",
    "utils",
    "helper",
    "helpers",
    "manager",
    "handler",
    "handlers",
    "misc",
    "common",
    "data",
    "info",
}
CONTRACTS = {"providers/base.py", "sinks/base.py"}

Tree = Iterator[tuple[str, ast.Module, str]]


def modules(package: Path) -> Tree:
    for path in sorted(package.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield path.relative_to(package).as_posix(), ast.parse(text), text


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the full names of what a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def group(module: str) -> str:
    """Return the part of the package a file belongs to: its folder, or its own name."""
    return module.partition("/")[0].removesuffix(".py")


def within(tree: ast.Module) -> set[str]:
    """Return the parts of the package that a module imports."""
    ours = (name.split(".")[1] for name in imported(tree) if name.startswith("docbatch."))
    return {part for part in ours if part in LEVEL}


def wrong_directions(package: Path) -> Iterator[str]:
    for module, tree, _ in modules(package):
        own = group(module)
        for other in sorted(within(tree) - {own}):
            if own not in LEVEL or LEVEL[other] > LEVEL[own] or (own in CORE and other in CORE):
                continue
            if (module, other) not in SIDEWAYS:
                yield f"{module} imports {other}"


def unplaced(package: Path) -> Iterator[str]:
    yield from sorted(
        {group(module) for module, _, _ in modules(package)} - set(LEVEL) - {"__init__", "__main__"}
    )


def strangers(package: Path) -> Iterator[str]:
    for module, tree, _ in modules(package):
        for library in sorted({name.split(".")[0] for name in imported(tree)} & set(AT_HOME)):
            if not module.startswith(AT_HOME[library]):
                yield f"{module} imports {library}"


def prints(package: Path) -> Iterator[str]:
    for module, tree, _ in modules(package):
        calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
        if group(module) != "cli" and any(
            isinstance(each, ast.Name) and each.id == "print" for each in calls
        ):
            yield f"{module} prints"


def long_functions(package: Path) -> Iterator[str]:
    for module, tree, _ in modules(package):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                if node.end_lineno - node.lineno + 1 > MOST_LINES_OF_A_FUNCTION:
                    yield f"{module}: {node.name}"


def long_modules(package: Path) -> Iterator[str]:
    for module, _, text in modules(package):
        if len(text.splitlines()) > MOST_LINES_OF_A_MODULE:
            yield module


def empty_names(package: Path) -> Iterator[str]:
    for module, _, _ in modules(package):
        parts = module.removesuffix(".py").split("/")
        if SAY_NOTHING & set(parts) or (parts[-1] == "base" and module not in CONTRACTS):
            yield module


def test_imports_point_from_the_shell_to_the_core_and_never_sideways() -> None:
    assert list(wrong_directions(PACKAGE)) == []


def test_every_part_of_the_package_has_its_place() -> None:
    assert list(unplaced(PACKAGE)) == []


def test_every_import_that_goes_sideways_is_still_needed() -> None:
    needed = {(module, other) for module, tree, _ in modules(PACKAGE) for other in within(tree)}

    assert set(SIDEWAYS) <= needed
    assert all(SIDEWAYS.values())


def test_libraries_stay_where_they_belong() -> None:
    assert list(strangers(PACKAGE)) == []


def test_nothing_prints_below_the_command_line() -> None:
    assert list(prints(PACKAGE)) == []


def test_functions_are_short() -> None:
    assert set(long_functions(PACKAGE)) == set(LONG_FUNCTIONS)


def test_modules_are_short() -> None:
    assert set(long_modules(PACKAGE)) == set(LONG_MODULES)


def test_names_of_modules_say_what_is_in_them() -> None:
    assert list(empty_names(PACKAGE)) == []


PLANTED: list[tuple[str, str, Callable[[Path], Iterator[str]], str]] = [
    ("models.py", "from docbatch.state import store\n", wrong_directions, "models.py imports state"),
    ("planner.py", "import docbatch.engine.run\n", wrong_directions, "planner.py imports engine"),
    ("sinks/files.py", "def late():\n    from docbatch.state.store import Store\n", wrong_directions, "sinks/files.py imports state"),
    ("sources/walk.py", "from docbatch import providers\n", wrong_directions, "sources/walk.py imports providers"),
    ("engine/run.py", "if True:\n    from docbatch.cli import main\n", wrong_directions, "engine/run.py imports cli"),
    ("novelty/thing.py", "", unplaced, "novelty"),
    ("state/store.py", "import httpx\n", strangers, "state/store.py imports httpx"),
    ("engine/run.py", "from sqlite3 import connect\n", strangers, "engine/run.py imports sqlite3"),
    ("report.py", "import rich.table\n", strangers, "report.py imports rich"),
    ("engine/run.py", "def tell():\n    print('hello')\n", prints, "engine/run.py prints"),
    ("keys.py", "class A:\n    def long(self):\n" + "        pass\n" * 50, long_functions, "keys.py: long"),
    ("keys.py", "\n" * 351, long_modules, "keys.py"),
    ("engine/utils.py", "", empty_names, "engine/utils.py"),
    ("spec/base.py", "", empty_names, "spec/base.py"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "text", "check", "fault"), PLANTED)
def test_a_planted_fault_is_found(
    tmp_path: Path, module: str, text: str, check: Callable[[Path], Iterator[str]], fault: str
) -> None:
    path = tmp_path / module
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)

    assert list(check(tmp_path)) == [fault]


def test_what_is_allowed_is_not_taken_for_a_fault(tmp_path: Path) -> None:
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "plan.py").write_text(
        "import click\nfrom docbatch.engine import run\nprint('hello')\n"
    )
    (tmp_path / "planner.py").write_text(
        "from docbatch.models import Traits\nfrom docbatch.packing import pack\n"
    )
    (tmp_path / "keys.py").write_text("def short():\n" + "    pass\n" * 49)
    checks = (wrong_directions, unplaced, strangers, prints, long_functions, long_modules, empty_names)

    assert [fault for check in checks for fault in check(tmp_path)] == []
