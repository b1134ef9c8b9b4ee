"""No test judges by a clock: how long something takes is a matter of the machine and of its neighbours."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
KIT = TESTS.parent / "docbatch" / "testing"
ALLOWED = {"patience.py"}
CLOCKS = {
    "time": {
        f"{name}{unit}"
        for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")
        for unit in ("", "_ns")
    },
    "timeit": {"timeit", "repeat", "default_timer"},
    "datetime": {"now", "utcnow", "today"},
}
"""By the module they come from; those of datetime are methods of what is imported."""
IMPORTS = re.compile(r"\b(import\b.*|from\s+)\b({})\b".replace("{}", "|".join(CLOCKS)))
"""Without a match there is no clock in a module, and nothing to parse it for."""
CARRIERS = {"abs", "float", "int", "max", "min", "round", "sum", "sorted"}
"""Functions that hand a time on. What others make of one, such as a verdict on a signature, is their own."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """What a module knows of clocks: the names of their functions, and those of variables that hold a time."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._modules: dict[str, str] = {}
        self._functions: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self._modules |= {
                    each.asname or each.name: each.name for each in node.names if each.name in CLOCKS
                }
            elif isinstance(node, ast.ImportFrom) and node.module in CLOCKS:
                self._import(node)
        while self._learn():
            pass

    def faults(self) -> Iterator[int]:
        """Yield the lines in which a time is asserted on or compared."""
        everywhere = self._times(body_of(self._tree))
        for scope in (
            self._tree,
            *(each for each in self._tree.body if isinstance(each, Function | ast.ClassDef)),
        ):
            times = everywhere | self._times(body_of(scope))
            for node in body_of(scope):
                match node:
                    case ast.Compare(left=left, comparators=others):
                        judged = [left, *others]
                    case ast.Assert(test=test):
                        judged = [test]
                    case _:
                        continue
                if any(self._is_time(each, times) for each in judged):
                    yield node.lineno

    def _import(self, node: ast.ImportFrom) -> None:
        for each in node.names:
            if node.module == "datetime":
                self._modules[each.asname or each.name] = "datetime"
            elif each.name in CLOCKS[str(node.module)]:
                self._functions.add(each.asname or each.name)

    def _learn(self) -> bool:
        """Find functions that return a time; say whether there was a new one."""
        known = len(self._functions)
        for node in ast.walk(self._tree):
            if isinstance(node, Function):
                inner = [each for statement in node.body for each in ast.walk(statement)]
                times = self._times(inner)
                if any(isinstance(each, ast.Return) and self._is_time(each.value, times) for each in inner):
                    self._functions.add(node.name)
        return len(self._functions) > known

    def _times(self, nodes: list[ast.AST]) -> set[str]:
        """Return the variables that hold a time."""
        times: set[str] = set()
        known = -1
        while len(times) > known:
            known = len(times)
            for node in nodes:
                if isinstance(
                    node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr
                ) and self._is_time(node.value, times):
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    times |= {
                        each.id
                        for target in targets
                        for each in ast.walk(target)
                        if isinstance(each, ast.Name)
                    }
        return times

    def _is_time(self, node: ast.AST | None, times: set[str]) -> bool:
        if isinstance(node, ast.Name):
            return node.id in times
        if isinstance(node, ast.Call):
            carried = isinstance(node.func, ast.Name) and node.func.id in CARRIERS
            return self._is_clock(node.func) or (
                carried and any(self._is_time(each, times) for each in node.args)
            )
        if isinstance(
            node, ast.BinOp | ast.UnaryOp | ast.BoolOp | ast.IfExp | ast.Tuple | ast.NamedExpr | ast.Starred
        ):
            return any(self._is_time(each, times) for each in ast.iter_child_nodes(node))
        return False

    def _is_clock(self, called: ast.expr) -> bool:
        if isinstance(called, ast.Name):
            return called.id in self._functions
        if not isinstance(called, ast.Attribute):
            return False
        owner = called.value.value if isinstance(called.value, ast.Attribute) else called.value
        module = self._modules.get(owner.id) if isinstance(owner, ast.Name) else None
        return module is not None and called.attr in CLOCKS[module]


def body_of(scope: ast.AST) -> list[ast.AST]:
    """Return what belongs to a scope: to a module, what is in none of its functions and classes."""
    if not isinstance(scope, ast.Module):
        return list(ast.walk(scope))
    own = (each for each in scope.body if not isinstance(each, Function | ast.ClassDef))
    return [node for each in own for node in ast.walk(each)]


def judgements(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        text = path.read_text(encoding="utf-8")
        if name not in ALLOWED and IMPORTS.search(text):
            yield from (f"{name}:{line}" for line in sorted(set(Module(ast.parse(text)).faults())))


@pytest.mark.parametrize("folder", [TESTS, KIT], ids=["tests", "kit"])
def test_no_test_judges_by_a_clock(folder: Path) -> None:
    assert list(judgements(folder)) == [], (
        "count steps or calls (steps.py), or wait for an event (patience.py)"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import time\ndef test():\n    began = time.monotonic()\n    assert time.monotonic() - began < 2", 4),
        ("import time\ndef test():\n    began = time.time()\n    took = round(time.time() - began, 1)\n    assert took < 2", 5),
        ("import time\ndef test():\n    end = time.time() + 5\n    while time.time() < end:\n        pass", 4),
        ("def test():\n    import time as clock\n    a = clock.perf_counter_ns()\n    assert not a", 4),
        ("from time import process_time as used\ndef test():\n    assert max(used(), 1) == 1", 3),
        ("from datetime import UTC, datetime\ndef test():\n    assert datetime.now(UTC) > made()", 3),
        ("import datetime\ndef test():\n    assert made() < datetime.datetime.now()", 3),
        ("from timeit import timeit\ndef test():\n    assert timeit(act) < 1", 3),
        ("import time\nBEGAN = time.time()\ndef test():\n    assert made() > BEGAN", 4),
        ("import time\ndef took(act):\n    a = time.time()\n    act()\n    return time.time() - a\n\ndef test():\n    assert took(x) < 1", 8),
        ("import time\nclass Tests:\n    def test(self):\n        if time.time() > 5:\n            fail()", 4),
        ("import time\ndef test():\n    assert (took := time.thread_time()) and took", 3),
    ],
)  # fmt: skip
def test_a_planted_judgement_is_found(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "test_a.py").write_text(text)

    assert list(judgements(tmp_path)) == [f"deeper/test_a.py:{line}"]


@pytest.mark.parametrize(
    "text",
    [
        "import time\ndef test():\n    made = signed(at=time.time() - 5)\n    assert made.is_valid",
        "import time\ndef test():\n    assert is_fresh(time.time())",
        "from world import clock\ndef test():\n    assert clock.monotonic() < 5",
        "import subprocess\ndef test():\n    assert subprocess.run(['a'], timeout=60).returncode == 0",
        "import time\ndef one():\n    now = time.time()\n    act(now)\ndef test():\n    now = 5\n    assert now == 5",
    ],
)
def test_a_time_that_is_only_handed_over_is_no_judgement(tmp_path: Path, text: str) -> None:
    (tmp_path / "test_a.py").write_text(text)

    assert list(judgements(tmp_path)) == []
