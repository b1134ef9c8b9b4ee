"""A state in a bucket, as users of two machines see it that share no file."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from docbatch.api.opening import open_project
from docbatch.core.errors import GuardRefused, OwnerReplaced, StateLocked
from docbatch.engine.administration.backups import migrate_state
from docbatch.state.home import Home, Publication
from docbatch.state.remote import taking_over
from docbatch.state.remote.copied_home import MOVED
from docbatch.state.remote.record_stores import BucketRecords
from docbatch.state.remote.remote_home import RemoteHome
from docbatch.state.remote.remote_state import RemoteState
from docbatch.state.remote.store_requests import Get, ListBelow, Put
from docbatch.state.submissions import Submissions
from tests.cli.project import Ended, Project
from tests.cli.state_machines import STATE, machine, stated, stateless
from tests.cli.stored_project import VARIABLES, project_file
from tests.stores.moto_server import MotoBucket, moto_bucket


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(taking_over, "STILL_FOR", 0.0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All that is asked of the store of the state."""
    requests: list[Any] = []
    answer = BucketRecords.answer

    def noted(records: BucketRecords, request: Any) -> Any:
        requests.append(request)
        return answer(records, request)

    monkeypatch.setattr(BucketRecords, "answer", noted)
    return requests


@pytest.fixture
def a(tmp_path: Path, bucket: MotoBucket) -> Project:
    return machine(tmp_path / "a", bucket)


@pytest.fixture
def b(tmp_path: Path, bucket: MotoBucket) -> Project:
    return machine(tmp_path / "b", bucket)


@contextmanager
def working(on: Project) -> Iterator[str]:
    """Have a run work with the state on a machine; give its lease."""
    open_project(on.root)
    home = Home.at(on.root / ".docbatch")
    assert isinstance(home, RemoteHome)
    with home.hold(), home.writable() as store:
        store.begin_plan("a digest")
        lease = home.lease()
        assert lease is not None
        yield lease.owner.token


def listed(project: Project) -> str:
    return project.call("state", "list").out


class Struck(BaseException):
    """Ends a command in its midst."""


def strike(*_: object) -> None:
    raise Struck


def assert_refused(ended: Ended, code: int, *words: str) -> None:
    assert ended.code == code, ended.out + ended.err
    for each in words:
        assert each in ended.err


def test_what_one_machine_did_the_other_knows(a: Project, b: Project) -> None:
    a.applied()

    assert listed(b) == listed(a)
    assert b.applied().processed == 0
    assert b.outputs() == a.outputs()
    assert b.call("state", "check").code == 0


def test_a_run_without_anything_to_do_reads_one_small_object(a: Project, asked: list[Any]) -> None:
    a.applied()
    asked.clear()

    assert a.applied().processed == 0
    assert asked == [Get("lease")]


@pytest.mark.parametrize("command", ["plan", "status", "history", "failures", "explain in/a.txt"])
def test_who_only_reads_writes_nothing_there(a: Project, b: Project, asked: list[Any], command: str) -> None:
    a.applied()
    asked.clear()

    assert b.call(*command.split()).code == 0

    assert [each for each in asked if isinstance(each, Put)] == []


def test_a_bucket_that_is_not_there_is_to_be_corrected(a: Project, bucket: MotoBucket) -> None:
    a.write(
        {"docbatch.yaml": (a.root / "docbatch.yaml").read_text().replace(bucket.name, f"{bucket.name}-not")}
    )

    assert_refused(a.call("apply"), 1, "its bucket is not there", "create the bucket, or correct bucket")


def test_a_folder_that_is_deleted_costs_nothing_but_being_fetched(a: Project) -> None:
    a.applied()
    before = listed(a)
    shutil.rmtree(a.root / ".docbatch")

    assert listed(a) == before
    assert a.applied().processed == 0


def test_while_one_works_the_other_is_told_who_and_changes_nothing(a: Project, b: Project) -> None:
    a.applied()
    b.write({"in/new.txt": "new"})
    with working(a) as lease:
        assert_refused(b.call("apply"), 11, "the state is held by process", f"state unlock --lease {lease}")
        assert b.call("status").code == 0
        assert_refused(b.call("state", "unlock"), 11, f"state unlock --lease {lease}")
    assert b.applied().processed == 1


def changed_in_between(a: Project, b: Project) -> None:
    """Begin to write on one machine what another changed since it was looked at."""
    open_project(b.root)
    home = Home.at(b.root / ".docbatch")
    with home.hold(), home.writable() as store:
        a.write({"in/new.txt": "new"})
        a.applied()
        store.begin_plan("a digest")


def test_who_changed_nothing_yet_sees_that_another_did(a: Project, b: Project) -> None:
    a.applied()

    with pytest.raises(StateLocked, match="another run changed the state"):
        changed_in_between(a, b)

    assert listed(b) == listed(a)
    assert b.applied().processed == 0


def refused_in_between(a: Project, b: Project, *, changes: bool) -> None:
    """Refuse on one machine what it looked at, and have another work meanwhile, or not."""
    open_project(b.root)
    home = Home.at(b.root / ".docbatch")
    with home.hold(), home.writable():
        if changes:
            a.write({"in/new.txt": "new"})
            a.applied()
        raise GuardRefused("an output is not known")


def test_what_another_did_meanwhile_is_not_taken_for_what_stands_in_the_way(a: Project, b: Project) -> None:
    a.applied()

    with pytest.raises(GuardRefused, match="not known"):
        refused_in_between(a, b, changes=False)
    with pytest.raises(StateLocked, match="another run changed the state"):
        refused_in_between(a, b, changes=True)

    b.applied()


def test_with_patience_who_was_too_slow_begins_anew(
    a: Project, b: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    a.applied()
    b.write({"in/other.txt": "other"})
    own = RemoteHome._own
    quicker = [a]

    def too_slow(home: RemoteHome) -> None:
        while quicker and home.folder.is_relative_to(b.root):
            quicker.pop().write({"in/new.txt": "new"})
            a.applied()
        own(home)

    monkeypatch.setattr(RemoteHome, "_own", too_slow)

    assert b.call("apply", "--yes", "--lock-timeout", "1m").code == 0
    assert "other.txt" in listed(b)
    assert quicker == []

    b.write({"in/more.txt": "more"})
    quicker.append(a)
    a.write({"in/new.txt": "newer"})
    assert_refused(b.call("apply", "--yes"), 11, "another run changed the state")


def replaced_meanwhile(a: Project, b: Project) -> None:
    """End the lease of a run on one machine from the other, while it works."""
    with working(a) as lease:
        assert_refused(
            b.call("state", "unlock", "--lease", "another"), 64, "nobody holds the state by", lease
        )
        ended = b.call("state", "unlock", "--lease", lease)
        assert ended.code == 0, ended.err
        assert "is not locked" in ended.out


def test_the_lease_of_a_machine_that_is_gone_is_ended_by_name_alone(a: Project, b: Project) -> None:
    a.applied()
    before = listed(a)

    with pytest.raises(OwnerReplaced, match="another took over"):
        replaced_meanwhile(a, b)

    assert b.call("state", "unlock").code == 0
    assert listed(a) == before
    b.applied()


def test_a_state_moves_into_a_store_and_out_again(a: Project, b: Project, bucket: MotoBucket) -> None:
    stateless(a, bucket)
    a.applied()
    before = listed(a)
    stated(a, bucket)

    assert_refused(a.call("status"), 6, "no copy of one in a store")
    assert a.call("state", "migrate", "--dry-run").code == 0
    assert bucket.objects() == {}
    moved = a.call("state", "migrate")
    assert moved.code == 0, moved.err
    assert "4 documents and 4 results" in moved.out
    assert_refused(a.call("state", "migrate"), 64, "is in s3://")
    assert (listed(a), listed(b)) == (before, before)
    assert (a.applied().processed, b.applied().processed) == (0, 0)

    back = b.call("state", "migrate", "--to-disk")
    assert back.code == 0, back.err
    assert_refused(a.call("apply"), 6, "taken out of the store")
    assert_refused(a.call("status"), 6, "taken out of the store")
    stateless(b, bucket)
    assert listed(b) == before
    b.write({"in/new.txt": "new"})
    b.applied()

    stated(b, bucket)
    again = b.call("state", "migrate")
    assert again.code == 0, again.err
    assert a.call("state", "list").out.count("\n") == before.count("\n") + 1


def killed(on: Project, *, moved: bool = False) -> str:
    """Leave the state as a run does that is killed while it has it, one that takes it out of the store if `moved`; give its lease."""
    open_project(on.root)
    home = Home.at(on.root / ".docbatch")
    assert isinstance(home, RemoteHome)
    with home.hold(), home.writable() as store:
        with store.write():
            if moved:
                store.database.execute("INSERT INTO meta VALUES (?, 'elsewhere')", (MOVED,))
        store.publish(Publication.DECISION)
        lease = home.lease()
        assert lease is not None
        assert home._state is not None
        home._state.abandon()
    return lease.owner.token


def test_the_lease_of_a_run_that_was_killed_when_it_had_taken_the_state_out_can_be_ended(
    a: Project, b: Project
) -> None:
    a.applied()
    lease = killed(a, moved=True)

    assert b.call("state", "unlock", "--lease", lease).code == 0
    assert_refused(b.call("apply"), 6, "taken out of the store")
    assert b.call("state", "unlock").code == 0


def take_over_in_vain(on: Project) -> None:
    """Take the state over from who is gone, and be refused before anything is written."""
    open_project(on.root)
    with Home.at(on.root / ".docbatch").hold():
        raise GuardRefused("a source is empty")


def test_what_another_left_under_way_stays_known_where_its_successor_wrote_nothing(
    a: Project, b: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    a.applied()
    waited: list[float] = []
    killed(a)
    monkeypatch.setattr(taking_over, "EXPIRES_AFTER", -1.0)
    monkeypatch.setattr(Submissions, "tear", lambda _: waited.append(1.0))

    with pytest.raises(GuardRefused, match="a source is empty"):
        take_over_in_vain(b)
    assert waited == []

    b.write({"in/new.txt": "new"})
    b.applied()
    assert waited == [1.0]


def test_what_others_did_after_a_move_that_was_killed_is_not_written_over(
    a: Project, b: Project, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    stateless(a, bucket)
    a.applied()
    stated(a, bucket)
    with monkeypatch.context() as patch:
        patch.setattr(migrate_state, "note", strike)
        with pytest.raises(Struck):
            a.call("state", "migrate")
    b.write({"in/new.txt": "new"})
    assert b.applied().processed == 1

    assert a.call("state", "migrate").code == 0

    assert listed(a) == listed(b)
    assert "new.txt" in listed(a)


def test_a_copy_is_not_taken_for_the_state_itself(a: Project, bucket: MotoBucket) -> None:
    a.applied()
    stateless(a, bucket)

    for command in ("apply", "status", "plan"):
        assert_refused(a.call(command), 6, "holds a copy of a state that lies in a store")


def test_another_state_is_not_written_over(a: Project, b: Project, bucket: MotoBucket) -> None:
    a.applied()
    stateless(b, bucket)
    b.applied()
    stated(b, bucket)
    before = bucket.objects()

    assert_refused(b.call("state", "migrate"), 6, "has another state already")
    assert bucket.objects() == before


def test_a_state_in_a_store_is_not_exchanged_behind_it(a: Project) -> None:
    a.applied()
    assert a.call("state", "backup", "b.backup").code == 0

    assert_refused(a.call("state", "restore", "b.backup"), 6, "lies in a store")
    assert_refused(a.call("state", "load", "b.backup"), 6, "lies in a store")


def answer_nothing(asked: list[Any], request: Any) -> Any:
    """Answer as an empty bucket does."""
    asked.append(request)
    return () if isinstance(request, ListBelow) else None


@pytest.mark.parametrize("command", ["status", "plan", "state list", "prune --dry-run"])
def test_a_foreign_host_gets_credentials_where_it_is_named_alone(
    a: Project, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch, asked: list[Any], command: str
) -> None:
    text = project_file(bucket).replace(bucket.endpoint, "https://minio.example:9000")
    a.write({"docbatch.yaml": text.replace("type: s3", "type: s3, allow_host: true") + STATE})
    monkeypatch.setattr(BucketRecords, "answer", partial(answer_nothing, asked))

    assert_refused(a.call(*command.split()), 12, "minio.example", "--allow-host lake")
    assert asked == []
    monkeypatch.setenv("DOCBATCH_ALLOW_HOSTS", "other lake")
    assert a.call(*command.split()).code != 12
    assert asked[0] == Get("lease")


def test_the_option_lets_the_state_be_reached_as_well(
    a: Project, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch, asked: list[Any]
) -> None:
    text = project_file(bucket).replace(bucket.endpoint, "https://minio.example:9000")
    a.write({"docbatch.yaml": text.replace("type: s3", "type: s3, allow_host: true") + STATE})
    monkeypatch.setattr(BucketRecords, "answer", partial(answer_nothing, asked))

    assert a.call("plan").code == 12
    assert a.call("plan", "--allow-host", "lake").code != 12
    assert a.call("plan").code == 12


def test_environments_have_states_of_their_own(tmp_path: Path, bucket: MotoBucket) -> None:
    made = machine(
        tmp_path / "a", bucket, STATE + "environments: {dev: {}, live: {project: {id: pabcdef012346}}}\n"
    )
    made.job(re.sub("out/", "out/{{ vars.where }}/", (made.root / "jobs/job.yaml").read_text()))
    text = (
        project_file(bucket)
        + STATE
        + "vars: {where: here}\nenvironments:\n  dev: {project: {id: pabcdef012346}, vars: {where: dev}}\n  live: {project: {id: pabcdef012347}, vars: {where: live}}\n"
    )
    made.write({"docbatch.yaml": text})

    assert made.call("--env", "dev", "apply", "--json").code == 0

    assert {key.split("/")[2] for key in bucket.objects() if key.startswith("state/env/")} == {"dev"}
    assert made.call("--env", "live", "state", "list").code == 10


def left_a_call_under_way(on: Project) -> None:
    """End a run in whose thread a create is still under way."""
    open_project(on.root)
    home = Home.at(on.root / ".docbatch")
    with home.hold(), home.writable() as store:
        store.begin_plan("a digest")
        store.publish(Publication.INTENT, "s0")


def test_after_a_call_that_did_not_come_back_the_next_run_takes_over(a: Project, b: Project) -> None:
    a.applied()
    left_a_call_under_way(a)

    b.write({"in/new.txt": "new"})
    assert b.applied().processed == 1
    assert b.call("state", "check").code == 0


def opened_home(on: Project) -> Home:
    open_project(on.root)
    return Home.at(on.root / ".docbatch")


def test_the_lease_of_a_move_into_the_store_that_was_killed_can_be_ended(
    a: Project, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    stateless(a, bucket)
    a.applied()
    stated(a, bucket)

    def ends_at_once(state: RemoteState, _kind: object) -> None:
        state.abandon()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RemoteState, "publish", ends_at_once)
        with pytest.raises(KeyboardInterrupt):
            migrate_state.migrate_to_store(opened_home(a), dry_run=False)
    lease = str(json.loads(bucket.objects()["state/lease"].splitlines()[1])["owner"]["token"])

    assert_refused(a.call("state", "migrate"), 11, f"state unlock --lease {lease}")
    assert a.call("state", "unlock", "--lease", lease).code == 0
    assert a.call("state", "migrate").code == 0
    assert a.applied().processed == 0
