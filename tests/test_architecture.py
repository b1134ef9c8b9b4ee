"""Which way imports point, what is used where, and how large things may be. Everything is read from the syntax tree."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

import docbatch
from docbatch.providers import DEFAULT_PROVIDER, REGISTRY

PACKAGE = Path(__file__).parents[1] / "docbatch"

LAYERS = (
    ("testing",),
    ("cli",),
    ("api",),
    ("engine", "emulators"),
    ("specs", "webhooks", "counting"),
    ("sources", "providers", "sinks", "prices", "state", "spool"),
    ("containers", "stores"),
    ("hours", "secret_references"),
    ("fields",),
    ("packed",),
    (
        "naming",
        "media",
        "durability",
        "invocation",
        "jsontext",
        "owner_only",
        "processes",
        "registry",
        "sending_fence",
    ),
    ("plugins",),
    ("core",),
)
LEVEL = {group: level for level, groups in enumerate(LAYERS) for group in groups}
ROOMS = {
    "connections": 0,
    "reading": 1,
    "planning": 2,
    "spending": 3,
    "running": 4,
    "administration": 5,
    "watching": 6,
}
"""The rooms of the engine: each may use those before it and what lies beside them, never one that follows."""
OFFERED = frozenset(docbatch.__all__) - {"__version__"}
"""What `import docbatch` offers: these names lead to docbatch/api/, wherever they are defined."""
COMMANDS_OF_THE_API = ("validate", "plan", "apply", "status", "costs", "explain", "failures", "retry")
BESIDE_THE_API = (
    "docbatch.__version__",
    "docbatch.core.acceptances.",
    "docbatch.core.explanation.",
    "docbatch.core.moments.",
    "docbatch.core.report.",
    "docbatch.core.plan_formats.",
    "docbatch.core.time_left.",
    *(
        f"docbatch.cli.{name}"
        for name in (
            "chosen_project",
            "completion",
            "cost_words",
            "explanation_words",
            "interruption",
            "job_progress",
            "json_lines",
            "log_options",
            "metrics",
            "notice_words",
            "options",
            "output",
            "counting_status",
            "progress",
            "status_watch",
            "traces",
            "words",
        )
    ),
)
"""What those commands use beside the API: options, and what shows text."""
QUESTIONS = "docbatch.engine.administration."
MOST_ARROWS = 20
MOST_MODULES = 15
VENDORS = ("emulators/", "providers/extend/", "providers/llamacloud/", "providers/extractpage/")

NAMES_VENDORS = tuple(f"{part}/{name}/" for part in ("providers", "emulators") for name in REGISTRY.names())
REGISTERS_VENDORS = "providers/__init__.py"
READS_WITH_THE_LOCAL_ENGINE = "emulators/local_reader.py"
SERVICES = re.compile(
    "|".join(
        rf"(?<![a-z])(?:{kind.name}|{'[._-]?'.join(re.findall('[A-Z]?[a-z]+', kind.title)).lower()})(?![a-z])"
        for kind in REGISTRY.kinds()
        if kind.service is not None
    )
)
"""The services' names as words, whole or in their parts, such as llama_cloud."""

AT_HOME = {
    "httpx": ("providers/",),
    "sqlite3": ("state/", "sources/", "sinks/", "engine/planning/differences_database.py", "testing/"),
    "sqlite_utils": ("state/", "sources/", "sinks/", "engine/planning/differences_database.py"),
    "click": ("cli/",),
    "gc": ("cli/", "engine/reading/result_reader_process.py"),
    "rich": ("cli/",),
    "opentelemetry": ("cli/",),
    "prometheus_client": ("cli/",),
    "requests": ("cli/span_collector.py",),
    "signal": ("cli/", "providers/local/", "processes/", "testing/"),
    "uvicorn": ("webhooks/",),
    "watchfiles": ("engine/watching/",),
    "pytest": ("testing/",),
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
CONTRACTS = {"providers/base.py", "sinks/base.py", "sources/base.py"}

Tree = Iterator[tuple[str, ast.Module, str]]


# Every test looks at the whole package.
parsed = cache(ast.parse)


@pytest.fixture(scope="module", autouse=True)
def _forget_trees() -> Iterator[None]:
    yield
    parsed.cache_clear()
    imported.cache_clear()


def modules(package: Path) -> Tree:
    for path in sorted(package.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield path.relative_to(package).as_posix(), parsed(text), text


@cache
def imported(tree: ast.Module) -> tuple[str, ...]:
    """Return the full names of what a module imports, wherever in it."""
    return tuple(_imported(tree))


def _imported(tree: ast.Module) -> Iterator[str]:
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
    return {"api" if part in OFFERED else part for part in ours if part in OFFERED or part in LEVEL}


def wrong_directions(package: Path) -> Iterator[str]:
    for module, tree, _ in modules(package):
        own = group(module)
        for other in sorted(within(tree) - {own}):
            if own in LEVEL and LEVEL[other] <= LEVEL[own]:
                yield f"{module} imports {other}"


def room(parts: Sequence[str]) -> str | None:
    """Return the room of the engine that a module is in, given its names below docbatch: a folder, or a file beside them."""
    return parts[1] if parts[0] == "engine" and len(parts) > 1 else None


def arrows(package: Path) -> dict[tuple[str, str], str]:
    """Return which room of the engine imports which, and a module that does."""
    found = {}
    for module, tree, _ in modules(package):
        own = room(module.removesuffix(".py").split("/"))
        for name in imported(tree):
            other = room(name.split(".")[1:]) if name.startswith("docbatch.") else None
            if own is not None and other is not None and other not in {own, "__init__"}:
                found[own, other] = module
    return found


def wrong_rooms(package: Path) -> Iterator[str]:
    for (own, other), module in arrows(package).items():
        if ROOMS.get(other, -1) > ROOMS.get(own, -1):
            yield f"{module} imports {other}"


def circles(package: Path) -> Iterator[str]:
    """Yield every room of the engine that can be reached from itself."""
    direct: dict[str, set[str]] = {}
    for own, other in arrows(package):
        direct.setdefault(own, set()).add(other)
    for start in direct:
        reached: set[str] = set()
        ahead = [start]
        while ahead:
            new = direct.get(ahead.pop(), set()) - reached
            reached |= new
            ahead += new
        if start in reached:
            yield start


def twins(package: Path) -> Iterator[str]:
    """Yield names that stand for two modules of the engine."""
    names = Counter(
        name
        for module, _, _ in modules(package)
        if module.startswith("engine/") and (name := module.rpartition("/")[2]) != "__init__.py"
    )
    yield from (name for name, number in names.items() if number > 1)


def crowded(package: Path) -> Iterator[str]:
    rooms = Counter(
        folder
        for module, _, _ in modules(package)
        for folder in [module.rpartition("/")[0]]
        if not module.endswith("__init__.py") and folder.split("/")[0] in {"", "engine", "providers"}
    )
    yield from (
        folder for folder, number in rooms.items() if number > MOST_MODULES and folder != "providers/local"
    )


def shared_class_names(package: Path) -> Iterator[str]:
    """Yield public classes of one name, outside the vendors' own folders and the emulators."""
    places: dict[str, list[str]] = {}
    for module, tree, _ in modules(package):
        if not module.startswith(VENDORS):
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places.setdefault(node.name, []).append(module)
    yield from (f"{name}: {', '.join(found)}" for name, found in places.items() if len(found) > 1)


def words(name: str) -> str:
    """Return the words of a name with _ between them: SomeVendor is some_vendor."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def names_in(tree: ast.Module) -> Iterator[str]:
    """Yield what a module calls things, and the strings that may be names: those without a space in them."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Constant(value=str(text)) if not re.search(r"\s", text):
                yield text


def vendors_by_name(package: Path) -> Iterator[str]:
    """Yield where a vendor is known by name outside its own folders and the registry. Texts for people may name them."""
    for module, tree, _ in modules(package):
        if module.startswith(NAMES_VENDORS) or module == REGISTERS_VENDORS:
            continue
        if module != READS_WITH_THE_LOCAL_ENGINE:
            places = (name.split(".")[1:3] for name in imported(tree) if name.startswith("docbatch."))
            for place in sorted({"/".join(place) + "/" for place in places} & set(NAMES_VENDORS)):
                yield f"{module} imports {place}"
        strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        if DEFAULT_PROVIDER in strings:
            yield f"{module} names {DEFAULT_PROVIDER}"
        yield from (
            f"{module} names {name}" for name in sorted(set(names_in(tree))) if SERVICES.search(words(name))
        )


def unplaced(package: Path) -> Iterator[str]:
    yield from sorted(
        {group(module) for module, _, _ in modules(package)} - set(LEVEL) - {"__init__", "__main__"}
    )


def strangers(package: Path) -> Iterator[str]:
    for module, tree, _ in modules(package):
        for library in sorted({name.split(".")[0] for name in imported(tree)} & set(AT_HOME)):
            if not module.startswith(AT_HOME[library]):
                yield f"{module} imports {library}"


def past_the_api(package: Path) -> Iterator[str]:
    """Yield what commands import that a program cannot have by the API, and what others import of the engine's inside."""
    for module, tree, _ in modules(package):
        if group(module) == "cli":
            own = module.removeprefix("cli/").removesuffix(".py")
            allowed = {name for name in imported(tree) if _is_allowed(own, name)}
            yield from (f"{module} imports {name}" for name in sorted({*imported(tree)} - allowed))


def _is_allowed(command: str, name: str) -> bool:
    if not name.startswith("docbatch."):
        return True
    if command in COMMANDS_OF_THE_API:
        return name.split(".")[1] in OFFERED or name.startswith(BESIDE_THE_API)
    return not name.startswith("docbatch.engine") or name.startswith(QUESTIONS)


def looking_around(package: Path) -> Iterator[str]:
    """Yield what asks for the current folder, or changes it, below the command line."""
    for module, tree, _ in modules(package):
        used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        if group(module) not in {"cli", "testing"} and used & {"cwd", "getcwd", "getcwdb", "chdir", "fchdir"}:
            yield f"{module} looks around"


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


def test_rooms_of_the_engine_use_only_those_before_them() -> None:
    assert list(wrong_rooms(PACKAGE)) == []
    assert list(circles(PACKAGE)) == []
    assert len(arrows(PACKAGE)) <= MOST_ARROWS


def test_a_name_of_a_module_stands_once_in_the_engine() -> None:
    assert list(twins(PACKAGE)) == []


def test_folders_are_not_crowded() -> None:
    assert list(crowded(PACKAGE)) == []


def test_a_public_class_name_stands_once() -> None:
    assert list(shared_class_names(PACKAGE)) == []


def test_no_vendor_is_known_by_name_outside_its_folders() -> None:
    assert list(vendors_by_name(PACKAGE)) == []


def test_libraries_stay_where_they_belong() -> None:
    assert list(strangers(PACKAGE)) == []


def test_commands_do_nothing_that_the_api_cannot_do() -> None:
    assert list(past_the_api(PACKAGE)) == []


def test_only_the_command_line_knows_a_current_folder() -> None:
    assert list(looking_around(PACKAGE)) == []


def test_nothing_prints_below_the_command_line() -> None:
    assert list(prints(PACKAGE)) == []


def test_the_kit_for_outsiders_needs_nothing_of_our_own_tests() -> None:
    names = {name for _, tree, _ in modules(PACKAGE / "testing") for name in imported(tree)}

    assert [name for name in names if name.split(".")[0] == "tests"] == []


def test_functions_are_short() -> None:
    assert set(long_functions(PACKAGE)) == set(LONG_FUNCTIONS)


def test_modules_are_short() -> None:
    assert set(long_modules(PACKAGE)) == set(LONG_MODULES)


def test_names_of_modules_say_what_is_in_them() -> None:
    assert list(empty_names(PACKAGE)) == []


PLANTED: list[tuple[str, str, Callable[[Path], Iterator[str]], str]] = [
    ("core/models.py", "from docbatch.state import store\n", wrong_directions, "core/models.py imports state"),
    ("core/keys.py", "from docbatch.naming import links\n", wrong_directions, "core/keys.py imports naming"),
    ("core/scheduler.py", "import docbatch.engine.clock\n", wrong_directions, "core/scheduler.py imports engine"),
    ("sinks/files.py", "def late():\n    from docbatch.state.store import Store\n", wrong_directions, "sinks/files.py imports state"),
    ("sources/walk.py", "from docbatch import providers\n", wrong_directions, "sources/walk.py imports providers"),
    ("engine/clock.py", "if True:\n    from docbatch.cli import main\n", wrong_directions, "engine/clock.py imports cli"),
    ("cli/main.py", "from docbatch.testing import Vendor\n", wrong_directions, "cli/main.py imports testing"),
    ("engine/planning/plan.py", "from docbatch.engine.running import loop\n", wrong_rooms, "engine/planning/plan.py imports running"),
    ("engine/running/loop.py", "def late():\n    import docbatch.engine.administration.status\n", wrong_rooms, "engine/running/loop.py imports administration"),
    ("engine/clock.py", "from docbatch.engine.planning import plan\n", wrong_rooms, "engine/clock.py imports planning"),
    ("engine/planning/plan.py", "from docbatch import open_project\n", wrong_directions, "engine/planning/plan.py imports api"),
    ("api/project.py", "def late():\n    from docbatch.cli import words\n", wrong_directions, "api/project.py imports cli"),
    ("cli/plan.py", "def late():\n    from docbatch.engine.planning.read_plan import read_plan\n", past_the_api, "cli/plan.py imports docbatch.engine.planning.read_plan.read_plan"),
    ("cli/status.py", "from docbatch.engine.administration.status import read_status\n", past_the_api, "cli/status.py imports docbatch.engine.administration.status.read_status"),
    ("cli/apply.py", "from docbatch.api.callbacks import Callbacks\n", past_the_api, "cli/apply.py imports docbatch.api.callbacks.Callbacks"),
    ("cli/retry.py", "from docbatch.cli.workspace import state_folder\n", past_the_api, "cli/retry.py imports docbatch.cli.workspace.state_folder"),
    ("cli/validate.py", "import docbatch.specs.load\n", past_the_api, "cli/validate.py imports docbatch.specs.load"),
    ("cli/explain.py", "from docbatch.fields import seconds\n", past_the_api, "cli/explain.py imports docbatch.fields.seconds"),
    ("cli/cancel.py", "from docbatch.engine.clock import SystemClock\n", past_the_api, "cli/cancel.py imports docbatch.engine.clock.SystemClock"),
    ("cli/words.py", "from docbatch import engine\n", past_the_api, "cli/words.py imports docbatch.engine"),
    ("sources/folder.py", "def here():\n    return Path.cwd()\n", looking_around, "sources/folder.py looks around"),
    ("api/project.py", "import os\nos.chdir('/')\n", looking_around, "api/project.py looks around"),
    ("api/project.py", "import signal\n", strangers, "api/project.py imports signal"),
    ("novelty/thing.py", "", unplaced, "novelty"),
    ("state/store.py", "import httpx\n", strangers, "state/store.py imports httpx"),
    ("engine/clock.py", "from sqlite3 import connect\n", strangers, "engine/clock.py imports sqlite3"),
    ("core/report.py", "import rich.table\n", strangers, "core/report.py imports rich"),
    ("emulators/server.py", "import pytest\n", strangers, "emulators/server.py imports pytest"),
    ("engine/clock.py", "def tell():\n    print('hello')\n", prints, "engine/clock.py prints"),
    ("core/keys.py", "class A:\n    def long(self):\n" + "        pass\n" * 50, long_functions, "core/keys.py: long"),
    ("core/keys.py", "\n" * 351, long_modules, "core/keys.py"),
    ("core/keys.py", "class A: ...\nclass A: ...\n", shared_class_names, "A: core/keys.py, core/keys.py"),
    ("specs/resolve.py", 'if kind != "extend":\n    pass\n', vendors_by_name, "specs/resolve.py names extend"),
    ("specs/resolve.py", "KINDS = {'local': 1}\n", vendors_by_name, "specs/resolve.py names local"),
    ("engine/clock.py", "KEY = 'LLAMA_CLOUD_API_KEY'\n", vendors_by_name, "engine/clock.py names LLAMA_CLOUD_API_KEY"),
    ("webhooks/vendors.py", "def _extend_due(): ...\n", vendors_by_name, "webhooks/vendors.py names _extend_due"),
    ("engine/clock.py", "class ExtractPage: ...\n", vendors_by_name, "engine/clock.py names ExtractPage"),
    ("cli/apply.py", "def late():\n    from docbatch.providers.extend import KIND\n", vendors_by_name, "cli/apply.py imports providers/extend/"),
    ("emulators/rehearsal.py", "import docbatch.emulators.llamacloud.service\n", vendors_by_name, "emulators/rehearsal.py imports emulators/llamacloud/"),
    ("engine/utils.py", "", empty_names, "engine/utils.py"),
    ("specs/base.py", "", empty_names, "specs/base.py"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "text", "check", "fault"), PLANTED)
def test_a_planted_fault_is_found(
    tmp_path: Path, module: str, text: str, check: Callable[[Path], Iterator[str]], fault: str
) -> None:
    path = tmp_path / module
    path.parent.mkdir(parents=True)
    path.write_text(text)

    assert list(check(tmp_path)) == [fault]


def test_planted_circles_twins_and_crowds_are_found(tmp_path: Path) -> None:
    for name in ("engine/one", "engine/two"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "same.py").write_text("")
    (tmp_path / "engine" / "one" / "there.py").write_text("from docbatch.engine.two import same\n")
    (tmp_path / "engine" / "two" / "back.py").write_text(
        "def late():\n    import docbatch.engine.one.there\n"
    )
    for number in range(MOST_MODULES + 1):
        (tmp_path / f"root{number}.py").write_text("")

    assert sorted(circles(tmp_path)) == ["one", "two"]
    assert list(twins(tmp_path)) == ["same.py"]
    assert list(crowded(tmp_path)) == [""]


def test_what_is_allowed_is_not_taken_for_a_fault(tmp_path: Path) -> None:
    for folder in ("cli", "core", "engine/planning", "engine/running"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "cli" / "plan.py").write_text(
        "import click\nfrom docbatch import __version__, open_project\n"
        "from docbatch.core.plan_formats.as_text import plan_text\nprint(Path.cwd())\n"
    )
    (tmp_path / "core" / "scheduler.py").write_text(
        "from docbatch.core.models import Traits\nfrom docbatch.core.packing import pack\n"
    )
    (tmp_path / "cli" / "emulate.py").write_text(
        "def extended(found):\n    'Extend is a vendor.'\n    found.extend(['with local words'])\n"
    )
    (tmp_path / "cli" / "recover.py").write_text(
        "from docbatch import Notice\nfrom docbatch.engine.administration.recover_work import recover\n"
    )
    (tmp_path / "core" / "keys.py").write_text("class A: ...\ndef short():\n" + "    pass\n" * 49)
    (tmp_path / "engine" / "running" / "loop.py").write_text(
        "from docbatch.engine import clock\nfrom docbatch.engine.planning import plan\n"
    )
    checks = (
        wrong_directions, wrong_rooms, circles, twins, crowded, shared_class_names,
        unplaced, vendors_by_name, strangers, past_the_api, looking_around, prints, long_functions, long_modules, empty_names,
    )  # fmt: skip

    assert [fault for check in checks for fault in check(tmp_path)] == []
