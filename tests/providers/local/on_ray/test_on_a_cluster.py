"""The local engine on a Ray cluster: the same documents, the same bytes, and the same ends as on one machine."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.messages import Written
from docbatch.providers.local.on_ray.ray_pool import RayPool
from docbatch.providers.local.pool import Pool
from tests.providers.local.harness import ROOT, Bench
from tests.providers.local.on_ray.clusters import ENVIRONMENT, TestCluster, cluster

WICKED = "tests.providers.local.wicked"


@pytest.fixture(scope="module")
def two() -> Iterator[TestCluster]:
    with cluster(2) as made:
        yield made


@contextmanager
def ray_bench(folder: Path, address: str, **options: Any) -> Iterator[Bench]:
    ended = threading.Event()
    pool = RayPool(
        ended.set,
        address=address,
        search=(ROOT,),
        variables={**os.environ, **ENVIRONMENT},
        **{"workers": None, "catalogue": WICKED} | options,
    )
    try:
        pool.make_ready()
        # A bench asks of a pool what each of them has.
        yield Bench(folder, cast("Pool", pool), ended)
    finally:
        pool.close()


def test_documents_that_hang_crash_or_eat_memory_cost_themselves_alone(
    two: TestCluster, tmp_path: Path
) -> None:
    with ray_bench(tmp_path, two.address) as pool:
        answers = pool.run(
            pool.task("hangs", b"hang", timeout=0.5),
            pool.task("dies", b"abort"),
            pool.task("eats", b"eat", max_memory=10**9),
            pool.task("both", b"first-abort", "application/two"),
            *(pool.task(f"good{number}", b"fine") for number in range(20)),
        )
        kinds = {name: answer.kind for name, answer in answers.items() if isinstance(answer, Failure)}
        assert kinds == {
            "hangs": FailureClass.TIMEOUT,
            "dies": FailureClass.CRASHED,
            "eats": FailureClass.MEMORY,
        }
        assert all(str(answers[name]).find("on node n") > 0 for name in kinds)
        assert all(isinstance(answers[f"good{number}"], Written) for number in range(20))
        assert (
            pool.written(pool.task("both", b"first-abort", "application/two"), answers["both"])["engine"]
            == "second"
        )
