"""The local engine on a Ray cluster: the same documents, the same bytes, and the same ends as on one machine."""

import os
import shutil
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from docbatch.core.errors import ProviderError
from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import PDF, Options
from docbatch.providers.local.messages import Written
from docbatch.providers.local.on_ray.ray_pool import RayPool
from docbatch.providers.local.pool import CATALOGUE, Pool
from docbatch.testing.patience import comes_true
from tests.cli.project import Project
from tests.providers.local.harness import ROOT, Bench, Ear
from tests.providers.local.locked import locked_pdf
from tests.providers.local.on_ray.clusters import ENVIRONMENT, TestCluster, cluster

WICKED = "tests.providers.local.wicked"
SAMPLES = Path(ROOT) / "samples"
OLDER = """
    import importlib.metadata
    known = importlib.metadata.version
    importlib.metadata.version = lambda name: "0.1" if name == "xberg" else known(name)
"""
WITHOUT_DOCBATCH = """
    import sys
    class Nothing:
        def find_spec(self, name, path=None, target=None):
            if name == "docbatch":
                raise ModuleNotFoundError("No module named 'docbatch'")
    sys.meta_path.insert(0, Nothing())
"""


@pytest.fixture(scope="module")
def two() -> Iterator[TestCluster]:
    with cluster(2) as made:
        yield made


@contextmanager
def ray_bench(folder: Path, address: str | None, **options: Any) -> Iterator[Bench]:
    ended = threading.Event()
    chosen: dict[str, Any] = {"workers": None, "catalogue": WICKED, "search": (ROOT,)} | options
    pool = RayPool(ended.set, address=address, variables={**os.environ, **ENVIRONMENT}, **chosen)
    try:
        # A bench asks of a pool what each of them has.
        yield Bench(folder, cast("Pool", pool), ended)
    finally:
        pool.close()


def with_site(folder: Path, code: str) -> str:
    """Return a folder that makes Python another one where it is looked in first."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(textwrap.dedent(code))
    return str(folder)


def test_documents_that_hang_crash_or_eat_memory_cost_themselves_alone(
    two: TestCluster, tmp_path: Path
) -> None:
    with ray_bench(tmp_path, two.address) as pool:
        both = pool.task("both", b"first-abort", "application/two")
        answers = pool.run(
            pool.task("hangs", b"hang", timeout=0.5),
            pool.task("dies", b"abort"),
            pool.task("eats", b"eat", max_memory=10**9),
            both,
            *(pool.task(f"good{number}", b"fine") for number in range(20)),
        )
        kinds = {name: answer.kind for name, answer in answers.items() if isinstance(answer, Failure)}
        assert kinds == {
            "hangs": FailureClass.TIMEOUT,
            "dies": FailureClass.CRASHED,
            "eats": FailureClass.MEMORY,
        }
        assert all("on node n" in str(answers[name]) for name in kinds)
        assert all(isinstance(answers[f"good{number}"], Written) for number in range(20))
        assert pool.written(both, answers["both"])["engine"] == "second"
        assert pool.pool.width == 2


def test_what_is_large_or_has_changed_or_is_given_up_ends_as_on_one_machine(
    two: TestCluster, tmp_path: Path
) -> None:
    with ray_bench(tmp_path, two.address) as pool:
        large = pool.task("large", os.urandom(400_000).hex().encode())
        changed = pool.task("changed", b"fine", digest="0" * 64)
        ear = Ear(tmp_path)
        hangs = pool.task("hangs", f"{ear.word} hang".encode())
        pool.pool.submit([large, changed, hangs])
        ear.pid()
        pool.pool.cancel({"hangs"})
        answers = pool.wait(3)
        assert "content is not what was planned" in str(answers["changed"])
        assert "CANCELLED" in repr(answers["hangs"])
        assert isinstance(answers["large"], Written)
        assert answers["large"].entry is None
        pool.written(large, answers["large"])


def test_a_lost_node_costs_no_document(two: TestCluster, tmp_path: Path) -> None:
    name = two.add()
    ear = Ear(tmp_path)
    with ray_bench(tmp_path, two.address) as pool:
        assert comes_true(lambda: pool.pool.width == 3)
        waiting = [pool.task(f"w{number}", b"nap") for number in range(17)]
        pool.pool.submit([pool.task("first", f"{ear.word} nap".encode()), *waiting])
        # Whoever reads it again, where its own node is the one that dies, reports as well.
        ear.pid(stays=True)
        # Each of the three readers holds some by now.
        two.kill(name)
        answers = pool.wait(18)
        assert all(isinstance(answer, Written) for answer in answers.values()), answers


@pytest.mark.full
def test_no_password_is_in_what_ray_writes_down(two: TestCluster, tmp_path: Path) -> None:
    options = Options(passwords=("Planted-wrong", "Planted-right"))
    with ray_bench(tmp_path, two.address, catalogue=CATALOGUE) as pool:
        opened = pool.task("opened", locked_pdf("Planted-right"), PDF, options=options)
        closed = pool.task("closed", locked_pdf("Planted-other"), PDF, options=options)
        answers = pool.run(opened, closed)
    assert "Only for those who know" in pool.written(opened, answers["opened"])["pages"][0]["text"]
    assert isinstance(answers["closed"], Failure)
    assert answers["closed"].kind is FailureClass.ENCRYPTED
    logs = [path.read_bytes() for path in two.folder.rglob("*") if path.is_file()]
    assert len(logs) > 5
    assert not [log for log in logs if b"Planted" in log]


@pytest.mark.full
def test_nodes_that_read_otherwise_are_refused_by_name(two: TestCluster, tmp_path: Path) -> None:
    with cluster(0) as other:
        older = other.add(path=with_site(tmp_path / "older", OLDER))
        without = other.add(path=with_site(tmp_path / "without", WITHOUT_DOCBATCH))
        with ray_bench(tmp_path, other.address, catalogue=CATALOGUE) as pool:
            pool.pool.submit([pool.task("a", b"fine", "text/plain")])
            told: list[ProviderError] = []

            def is_refused() -> bool:
                try:
                    pool.pool.drain()
                except ProviderError as error:
                    told.append(error)
                return bool(told)

            assert comes_true(is_refused)
        message = told[0].message
        assert f"node {older}: it has xberg 0.1 instead of " in message
        assert f"node {without}: docbatch, or something it needs, is not installed there" in message


@pytest.mark.full
def test_a_job_that_moves_to_a_cluster_has_the_same_outputs_and_nothing_to_do(
    two: TestCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    here, there = (made_project(tmp_path / name, two.by_client) for name in ("here", "there"))
    there.job(job("cluster"))
    here.job(job("local"))
    assert here.run("apply", "--yes").returncode == 3
    applied = there.run("apply", "--yes")
    assert applied.returncode == 3, applied.stderr
    assert len(here.outputs()) > 10
    assert there.outputs() == here.outputs()
    here.job(job("cluster"))
    assert here.run("plan", "--detailed-exitcode").returncode == 0


def made_project(root: Path, address: str) -> Project:
    shutil.copytree(SAMPLES, root / "in", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    project = Project(root)
    project.write(
        {
            "docbatch.yaml": "apiVersion: docbatch/v1\nproject: {id: samples00000}\nproviders:\n"
            f'  cluster: {{type: local, on: ray, address: "{address}"}}\n'
        }
    )
    return project


def job(provider: str) -> str:
    return f"""
        apiVersion: docbatch/v1
        name: job
        source: {{root: in, include: "**/*"}}
        provider: {provider}
        sink: [{{type: files, path: "out/{{{{ doc.path }}}}.json", format: json}}]
    """
