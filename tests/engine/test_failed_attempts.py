"""Each failed attempt is noted with what records it: wherever a run dies, it is there once."""

from pathlib import Path

import pytest

from docbatch.core.models import Failure, FailureClass, ItemStatus
from docbatch.engine.administration.failures.retry_failures import Wish, retry
from docbatch.engine.administration.failures.select_failures import FailureSelectors
from docbatch.state.failures import MOST_ATTEMPTS, FailedAttempt, note_failure
from docbatch.state.store import Store
from docbatch.testing.tripwire import Killed, Tripwire
from tests.fake.moments import moments
from tests.fake.project import Project


def made(root: Path, *, free: bool) -> Project:
    root.mkdir(exist_ok=True)
    project = Project(root, trait_options={"free": free})
    project.write({"a.txt": "apple", "b.txt": "a bad one", "d.txt": "partial date"})
    return project


def attempts(project: Project) -> dict[bytes, list[FailedAttempt]]:
    with Store.readable(project.folder) as store:
        found = {}
        for each in store.unwell.of("job"):
            assert each.item is not None
            found[each.path] = list(store.failed_attempts.of(each.item))
        return found


def kinds(project: Project) -> dict[bytes, list[tuple[int, str]]]:
    return {path: [(each.attempt, each.kind) for each in tried] for path, tried in attempts(project).items()}


@pytest.mark.parametrize("every", [pytest.param(True, marks=pytest.mark.full), False])
@pytest.mark.parametrize("free", [False, True])
def test_killed_anywhere_it_is_noted_once(tmp_path: Path, *, free: bool, every: bool) -> None:
    wire = Tripwire()
    undisturbed = made(tmp_path / "undisturbed", free=free)
    undisturbed.apply(wire)
    once = kinds(undisturbed)
    assert {path: [attempt for attempt, _ in tried] for path, tried in once.items()} == {
        b"b.txt": [0],
        b"d.txt": [0],
    }
    assert once[b"d.txt"] == [(0, "lost")]
    for at in moments(wire.names, every=every):
        project = made(tmp_path / str(at), free=free)
        with pytest.raises(Killed):
            project.apply(Tripwire(at))
        project.apply()
        noted = {path: [kind for _, kind in tried] for path, tried in kinds(project).items()}
        assert noted == {path: [kind for _, kind in tried] for path, tried in once.items()}, wire.names[
            at - 1
        ]


def test_attempts_are_kept_across_tries_with_their_submissions(tmp_path: Path) -> None:
    project = made(tmp_path, free=False)
    project.apply()
    wish = Wish(FailureSelectors(classes=["unsupported", "corrupt", "refused_input", "lost"]), every=True)
    queued = retry(project.folder, wish, 0.0, dry_run=False)
    assert {each.path for each in queued} == {"b.txt", "d.txt"}
    project.apply()

    for tried in attempts(project).values():
        assert [each.attempt for each in tried] == [0, 1]
        first, second = tried
        assert None not in {first.submission, second.submission}
        assert first.submission != second.submission
        assert first.at <= second.at


def test_of_one_that_goes_on_failing_the_first_and_the_last_are_kept(tmp_path: Path) -> None:
    project = made(tmp_path, free=False)
    project.apply()
    with Store.writable(project.folder) as store:
        (item,) = [each.item for each in store.unwell.of("job") if each.status == ItemStatus.FAILED]
        assert item is not None
        with store.write():
            for attempt in range(1, 3 * MOST_ATTEMPTS):
                note_failure(store.database, item, attempt, Failure(FailureClass.AUTH, "no key"))
        kept = [each.attempt for each in store.failed_attempts.of(item)]

    assert kept == [0, *range(2 * MOST_ATTEMPTS, 3 * MOST_ATTEMPTS)]
