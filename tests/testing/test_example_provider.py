"""The example of a plug-in, installed into a venv of its own as an author's is, and judged there by the kit."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import docbatch

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "provider-plugin"
NOT_OURS = ("PYTEST_", "COV_", "COVERAGE_", "PIP_", "PYTHON")
"""Beginnings of variables by which the outer run and its machine would have a say in the inner one."""
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
MOST_LINES = {"provider.py": 200, "emulator.py": 80}
SOUND = "test_promise[render_is_pure]"
"""What none of the faults breaks."""
LONG = "test_killed_at_every_write"
SOME = "TestContract or undisturbed or killed_at_the_create or with_an_older_state"
"""What the short form lets the kit judge."""
CAUGHT: Mapping[str, Mapping[str, str]] = {
    "TestResends": {
        "test_promise[a_lost_answer_is_uncertain]": "create sent its request 2 times where the answer was 'lost': documents were paid twice",
        "test_without_an_answer_to_the_create[lost]": "paid twice: {'",
    },
    "TestBelieves": {
        "test_promise[absence_needs_a_witness]": "a look claims a witness at a vendor that has nothing of ours",
        "test_with_other_credentials": "with other credentials",
    },
    "TestHasty": {
        "test_promise[it_looks_as_long_as_it_is_told]": "its traits believe in absence after 1 look(s); the fewest are 4",
        "test_shown_late": "paid twice: {'",
    },
    "TestLoses": {
        "test_promise[every_document_ends]": "no poll ever said what became of d.txt: it would be waited for without end",
    },
    "TestConfuses": {
        "test_promise[each_result_is_that_of_its_document]": " lacks ['",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Author:
    """Somebody with a venv of their own, in which their plug-in is installed."""

    python: Path
    package: Path

    def run(self, *arguments: object, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_OURS)}
        return subprocess.run(
            [self.python, *map(str, arguments)],
            cwd=cwd,
            env={**kept, **OFFLINE, **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def judged(self, folder: Path, *arguments: object, cwd: Path, **more: str) -> dict[tuple[str, str], str]:
        """Run pytest; return what each test said: nothing where it passed, its failure, or why it was skipped."""
        report = folder / "report.xml"
        plain = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={folder / 'base'}")
        ended = self.run("-m", "pytest", *plain, f"--junitxml={report}", *arguments, cwd=cwd, **more)
        assert ended.returncode in {0, 1}, ended.stdout + ended.stderr
        return dict(_said(report))


def _said(report: Path) -> Iterator[tuple[tuple[str, str], str]]:
    for case in ET.parse(report).iter("testcase"):
        test = case.get("classname", "").rpartition(".")[2], case.get("name", "")
        yield test, "\n".join(part.get("message", "") + (part.text or "") for part in case)


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory) -> Author:
    """Build the example from a copy and install it, without a network, beside what this suite has installed."""
    root = tmp_path_factory.mktemp("author")
    venv.EnvBuilder(symlinks=True).create(root / "venv")
    python = root / "venv" / "bin" / "python"
    package = shutil.copytree(EXAMPLE, root / "plugin", ignore=shutil.ignore_patterns("*.egg-info", "build"))
    made = Author(python, package)
    made_site = made.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=root)
    suite = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    lines = [f"import site; site.addsitedir({folder!r})" for folder in sorted(suite)]
    # Last, as what is found in the checkout itself where docbatch is not installed.
    lines.append(str(Path(docbatch.__file__).parents[1]))
    Path(made_site.stdout.strip(), "suite.pth").write_text("\n".join(lines), encoding="utf-8")
    plain = ("--quiet", "--no-deps", "--no-build-isolation", "--no-cache-dir")
    installed = made.run("-m", "pip", "install", *plain, package, cwd=root)
    assert installed.returncode == 0, installed.stderr
    return made


def test_the_provider_is_short_and_has_an_emulator_that_is_shorter() -> None:
    for name, most in MOST_LINES.items():
        lines = (EXAMPLE / "src" / "docbatch_pigeon" / name).read_text(encoding="utf-8").splitlines()
        assert sum(bool(line.strip()) for line in lines) < most, name


def test_it_is_found_by_its_entry_point(author: Author, tmp_path: Path) -> None:
    ask = (
        "from importlib.metadata import entry_points\n"
        "(found,) = entry_points(group='docbatch.providers', name='pigeon')\n"
        "print(found.load().title, found.load.__self__.module)"
    )
    found = author.run("-c", ask, cwd=tmp_path)

    assert found.stdout == "Pigeon docbatch_pigeon\n", found.stderr


@pytest.mark.parametrize(("words", "least"), [pytest.param("", 30, marks=pytest.mark.full), (SOME, 20)])
def test_it_keeps_every_promise_and_survives(author: Author, tmp_path: Path, words: str, least: int) -> None:
    said = author.judged(tmp_path, "tests", "-k", words, cwd=author.package)

    assert {
        test: told for test, told in said.items() if told and "its traits promise nothing" not in told
    } == {}
    assert len(said) > least
    assert {kind for kind, _ in said} == {"TestContract", "TestCrashes"}
    assert LONG not in {test for _, test in said}


def test_the_long_form_is_there_when_it_is_asked_for(author: Author) -> None:
    listed = author.run(
        "-m", "pytest", "-q", "--collect-only", "--docbatch-long", "tests", cwd=author.package
    )

    assert f"tests/test_pigeon.py::TestCrashes::{LONG}" in listed.stdout.splitlines(), listed.stdout


def test_planted_faults_are_caught_and_named(author: Author, tmp_path: Path) -> None:
    elsewhere = {"PYTHONPATH": os.pathsep.join((str(author.package / "tests"), str(ROOT)))}
    tests = [(planted, test) for planted, caught in CAUGHT.items() for test in (SOUND, *caught)]
    nodes = (f"tests/testing/judged.py::{planted}::{test}" for planted, test in tests)
    said = author.judged(tmp_path, *nodes, cwd=ROOT, **elsewhere)

    assert set(said) == set(tests)
    for (planted, test), told in said.items():
        assert CAUGHT[planted].get(test, "") in told, (planted, test)
        assert bool(told) == (test != SOUND), (planted, test)


def test_the_kit_says_what_it_lacks(tmp_path: Path) -> None:
    without = "import sys; sys.modules['pytest'] = None; import docbatch.testing"
    ended = subprocess.run(
        [sys.executable, "-c", without], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert ended.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: docbatch.testing needs pytest, which comes with the extra: pip install 'docbatch[testing]'"
    )
