"""What the run sees of a cluster: documents that are answered once, whatever becomes of the driver, and clear words where it cannot be had."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from docbatch.core.errors import NotAnswering, ProviderError, Unavailable
from docbatch.core.models import Failure
from docbatch.providers.local.messages import Task
from docbatch.providers.local.on_ray import ray_pool
from docbatch.providers.local.on_ray.ray_pool import RayPool
from docbatch.testing.patience import comes_true
from tests.providers.local.harness import ROOT

Opened = Callable[[str], AbstractContextManager[RayPool]]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Return what opens a pool with a driver that behaves in one way."""
    monkeypatch.setattr(ray_pool, "_MODULE", "tests.providers.local.on_ray.odd_driver")
    monkeypatch.setattr(ray_pool, "_PAUSES", (0.0,))
    monkeypatch.setattr(ray_pool, "_has_ray", lambda: True)

    @contextmanager
    def pool(way: str) -> Iterator[RayPool]:
        made = RayPool(
            lambda: None,
            address=f"{tmp_path}/{way}",
            workers=None,
            catalogue="",
            search=(ROOT,),
            variables={},
        )
        try:
            yield made
        finally:
            made.close()
        assert not Path(made._folder).exists()

    return pool


def task(name: object) -> Task:
    return Task(str(name), b"/a", "0", 1, "text/plain", b"/b", 30.0, 10**9)


def ended(pool: RayPool, count: int) -> list[tuple[str, str]]:
    """Return what ended, and in which start of the driver. What stops for a while is waited for."""
    found: list[tuple[str, str]] = []

    def are_there() -> bool:
        with suppress(Unavailable):
            for outcome in pool.drain():
                assert isinstance(outcome.answer, Failure)
                found.append((outcome.task.id, outcome.answer.message))
        return len(found) >= count

    assert comes_true(are_there)
    return found


def trouble(pool: RayPool) -> ProviderError:
    found: list[ProviderError] = []

    def is_told() -> bool:
        try:
            pool.drain()
        except ProviderError as error:
            found.append(error)
        return bool(found)

    assert comes_true(is_told)
    return found[0]


def test_answers_come_in_any_order_and_once(opened: Opened) -> None:
    with opened("well") as pool:
        pool.submit([task(number) for number in range(3)])
        pool.submit([task(number) for number in range(3, 1500)])
        found = ended(pool, 1500)
        assert sorted(id_ for id_, _ in found) == sorted(map(str, range(1500)))
        assert pool.drain() == []
        assert pool.width == 3


@pytest.mark.parametrize("way", ["dies-once", "comes-back"])
def test_what_a_lost_cluster_did_not_answer_is_asked_of_the_next(opened: Opened, way: str) -> None:
    with opened(way) as pool:
        pool.submit([task("a"), task("b"), task("c")])
        found = dict(ended(pool, 3))
    assert (found["a"], found["b"], found["c"]) == (
        "start 1",
        *[f"start {2 if way == 'dies-once' else 3}"] * 2,
    )


def test_a_cluster_that_was_never_there_ends_the_run_incomplete(opened: Opened) -> None:
    with opened("absent") as pool:
        pool.submit([task("a")])
        error = trouble(pool)
        assert isinstance(error, NotAnswering)
        assert error.exit_code == 4
        assert error.message.endswith("/absent cannot be used: Connection refused")
        assert isinstance(trouble(pool), NotAnswering)


def test_a_cluster_that_does_not_answer_is_not_waited_for_for_ever(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_pool, "_CONNECTS_WITHIN", 0.5)
    with opened("silent") as pool:
        assert "it did not answer within 0.5 seconds" in trouble(pool).message


def test_what_ray_says_last_is_told_where_the_driver_says_nothing(opened: Opened) -> None:
    with opened("dies-at-once") as pool:
        assert trouble(pool).message.endswith("cannot be used: no memory for that")


def test_a_cluster_that_is_unfit_is_not_tried_again(opened: Opened, tmp_path: Path) -> None:
    with opened("unfit") as pool:
        error = trouble(pool)
        assert (error.exit_code, error.hint) == (1, "install Ray 2")
        assert error.message.endswith("it has Ray 1")
    assert len(list(tmp_path.glob("*.start"))) == 1


def test_while_nothing_is_read_the_run_is_told_why(opened: Opened) -> None:
    with opened("idle") as pool:
        pool.submit([task("a")])
        error = trouble(pool)
        assert isinstance(error, Unavailable)
        assert error.message.endswith("no processor is free")


def test_a_driver_that_answers_nonsense_is_replaced(opened: Opened, tmp_path: Path) -> None:
    with opened("babbles") as pool:
        pool.submit([task("a")])
        assert comes_true(lambda: len(list(tmp_path.glob("*.start"))) > 2)


def test_what_is_remarked_is_told_once(opened: Opened) -> None:
    with opened("talks") as pool:
        assert comes_true(lambda: pool._remarks)
        pool.submit([task("a")])
        ended(pool, 1)
        assert pool.remark() == "node n1 is gone"
        assert pool.remark() == ""


def test_without_ray_its_extra_is_named(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_pool, "_has_ray", lambda: False)
    with opened("well") as pool:
        error = trouble(pool)
        assert "pip install 'docbatch[ray]'" in str(error.hint)


def test_the_driver_is_told_how_to_reach_a_cluster_and_no_other_secret() -> None:
    variables = {"RAY_AUTH_TOKEN": "t", "RAY_ADDRESS": "a", "EXTEND_API_KEY": "k", "HOME": "/h", "PATH": "/p"}
    told = ray_pool._environment(variables, ())
    assert (told["RAY_AUTH_TOKEN"], told["HOME"], told["PATH"]) == ("t", "/h", "/p")
    assert not {"RAY_ADDRESS", "EXTEND_API_KEY"} & told.keys()
