"""Runs of what was selected: nothing else is paid or changed, and with a run of all after it everything is as if there had been one."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from docbatch.core.selectors import EVERYTHING, Selectors
from docbatch.engine.administration.failures.retry_failures import Wish, retry
from docbatch.engine.administration.failures.select_failures import FailureSelectors
from docbatch.engine.running.loop import reconcile
from docbatch.state.store import Store
from docbatch.testing.tripwire import Killed, Tripwire
from tests.fake.project import Project

BEFORE = {
    "a/same.txt": "apple",
    "a/changed.txt": "an old one",
    "a/gone.txt": "gone",
    "a/bad.txt": "a bad one",
    "b/changed.txt": "another old one",
    "b/bad.txt": "bad in b",
    "b/mended.txt": "bad at first",
    "b/gone.txt": "gone from b",
    "b/partial.txt": "partial date",
}
CHANGED = {"a/changed.txt": "changed in a", "b/changed.txt": "changed in b", "b/mended.txt": "mended"}
NEW = {"a/new.txt": "new in a", "b/new.txt": "new in b", "b/twin.txt": "new in a"}
AGAIN = {"a/bad.txt": "a bad one", "b/bad.txt": "bad in b", "b/partial.txt": "partial date"}
DUE = {**CHANGED, **NEW, **AGAIN}
NONE: set[str] = set()
CASES: dict[str, tuple[Selectors, set[str], set[str]]] = {
    "path": (Selectors(paths=["a/**"]), {"a/changed.txt", "a/new.txt", "a/bad.txt"}, {"a/gone.txt"}),
    "paths": (Selectors(paths=["a/new.txt", "b/c*"]), {"a/new.txt", "b/changed.txt"}, NONE),
    "changed": (Selectors(changed=True), {*CHANGED, *NEW}, NONE),
    "failed": (Selectors(failed=True), {*AGAIN, "b/mended.txt"}, NONE),
    "new": (Selectors(states=["new"]), set(NEW), NONE),
    "pending": (Selectors(states=["pending"]), set(AGAIN), NONE),
    "state": (Selectors(states=["failed", "succeeded"]), {*CHANGED}, {"a/gone.txt", "b/gone.txt"}),
    "path and state": (Selectors(paths=["b/**"], states=["failed"]), {"b/mended.txt"}, NONE),
    "changed in a": (Selectors(paths=["a/**"], changed=True), {"a/changed.txt", "a/new.txt"}, NONE),
    "nothing": (Selectors(paths=["c/**"]), NONE, NONE),
}
"""By name: selectors, the documents that they have sent of all that is due, and those that are no longer wanted then."""


@dataclass(frozen=True)
class Standing:
    """What was paid, which documents the state wants, what the outputs hold."""

    paid: Counter[str]
    wanted: frozenset[bytes]
    outputs: dict[str, str]


def made(root: Path) -> Project:
    """Return a project of which something of every kind is due."""
    root.mkdir()
    project = Project(root)
    project.write(BEFORE)
    project.apply()
    for name in ("a/gone.txt", "b/gone.txt"):
        (root / "in" / name).unlink()
    project.write({**CHANGED, **NEW})
    chosen = FailureSelectors(paths=list(AGAIN))
    assert len(retry(project.folder, Wish(chosen, every=True), 0.0, dry_run=False)) == len(AGAIN)
    return project


def standing(project: Project) -> Standing:
    with Store.readable(project.folder) as store:
        wanted = frozenset(row[0] for row in store.documents.stream("job"))
    return Standing(Counter(project.paid()), wanted, project.outputs())


def killed(project: Project, at: int) -> bool:
    try:
        project.apply(Tripwire(at))
    except Killed:
        return True
    return False


def texts(names: set[str]) -> set[str]:
    return {DUE[name] for name in names}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Standing:
    """Return what one run of all comes to."""
    project = made(tmp_path_factory.mktemp("whole") / "project")
    project.apply()
    return standing(project)


@pytest.mark.parametrize("name", CASES)
def test_nothing_else_is_paid_or_removed_and_a_run_of_all_does_the_rest(
    tmp_path: Path, whole: Standing, name: str
) -> None:
    selectors, documents, gone = CASES[name]
    project = made(tmp_path / "project")
    before = standing(project)
    project.selectors = selectors
    project.apply()

    after = standing(project)
    assert set(after.paid - before.paid) == texts(documents)
    assert before.wanted - after.wanted == {each.encode() for each in gone}
    untouched = before.outputs.keys() - {f"{each}.md" for each in documents}
    assert {each: after.outputs[each] for each in untouched} == {
        each: before.outputs[each] for each in untouched
    }

    again = standing(project)
    project.apply()
    assert standing(project) == again

    project.selectors = EVERYTHING
    project.apply()
    assert standing(project) == whole


def kills(seed: int, number: int) -> Iterator[tuple[str, int]]:
    dice = random.Random(seed)
    for _ in range(number):
        yield dice.choice(list(CASES)), 1 + dice.randrange(90)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        *kills(7, 8),
        *(pytest.param(*each, marks=pytest.mark.full) for each in kills(8, 150)),
    ],
)
def test_killed_at_any_effect_the_same_run_goes_on(
    tmp_path: Path, whole: Standing, name: str, at: int
) -> None:
    goes_on(made(tmp_path / "project"), whole, name, at)


def goes_on(project: Project, whole: Standing, name: str, at: int) -> None:
    """Kill a run of what is selected twice, and require that the same run ends it, and a run of all the rest."""
    project.selectors, documents, _ = CASES[name]
    before = standing(project)
    if killed(project, at):
        killed(project, at)
    paid = project.paid()
    with project.taken_up(project.target()) as (session, clock):
        planned = session.plan.differences.to_send()[0]
        planned += sum(each.running for each in session.store.submissions.open())
        reconcile(project.run(session, clock))
    assert (Counter(project.paid()) - Counter(paid)).total() <= planned, "it was sent and not said"

    after = standing(project)
    assert set(after.paid - before.paid) == texts(documents)

    project.selectors = EVERYTHING
    project.apply()
    assert standing(project) == whole


@pytest.mark.parametrize("name", ["state", "failed", "new"])
def test_what_was_recorded_is_sent_although_it_does_not_stand_as_it_did(
    tmp_path: Path, whole: Standing, name: str
) -> None:
    wire = Tripwire()
    undisturbed = made(tmp_path / "undisturbed")
    undisturbed.selectors = CASES[name][0]
    undisturbed.apply(wire)

    for at in range(3, len(wire.names) // 3, 5):
        goes_on(made(tmp_path / f"{at}"), whole, name, at)


def test_what_was_done_long_ago_at_a_provider_is_older(tmp_path: Path) -> None:
    project = made(tmp_path / "project")
    before = standing(project)
    project.selectors = Selectors(older_than=0.5, states=["succeeded"])
    # The cloud's time began long ago: by it, all was done later.
    project.apply()
    assert standing(project) == before

    project.later = 400_000_000.0
    project.apply()
    assert set(standing(project).paid - before.paid) == {"changed in a", "changed in b"}


def test_what_a_killed_run_selected_is_judged_anew_once_it_was_queued_again(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"bad.txt": "a bad one"})
    project.selectors = Selectors(changed=True)
    project.apply()
    # Nothing tidied up, as after a kill.
    with Store.readable(project.folder) as store:
        assert store.database.execute("SELECT count(*) FROM selected_item").fetchone() == (1,)
    retry(project.folder, Wish(FailureSelectors(), every=True), 0.0, dry_run=False)

    project.apply()

    assert project.paid() == {"a bad one": 1}
