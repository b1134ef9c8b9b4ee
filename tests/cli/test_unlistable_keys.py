"""Keys that end a list: the folder that has one is told, and nothing else stands still for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.cli.store_project import store_project
from tests.stores.moto_server import MotoBucket, moto_bucket
from tests.stores.store_proxy import Answered, StoreProxy

OTHER = """
apiVersion: docbatch/v1
name: other
source: {root: docs, include: "*.txt"}
provider: local
sink: [{type: files, path: "other/{{ doc.path }}.md", format: markdown}]
"""


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as made:
        for key in ("in/a.txt", "in/b/c.txt", "in/b/d/e.txt", "in/f/g.txt"):
            made.put(key, f"the text of {key}".encode())
        yield made


@pytest.fixture
def project(tmp_path: Path, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = store_project(tmp_path / "here", bucket, monkeypatch)
    made.write({"docs/x.txt": "a text on this disk", "jobs/other.yaml": OTHER})
    made.call("apply", "--yes")
    return made


def test_the_folder_that_has_such_a_key_is_not_looked_at_and_everything_else_is(
    project: Project, bucket: MotoBucket
) -> None:
    bucket.remove("in/b/c.txt")
    bucket.remove("in/f/g.txt")
    for key in ("in/b//x.txt", "in/b/unseen.txt", "in/d/seen.txt"):
        bucket.put(key, f"the text of {key}".encode())
    project.write({"docs/y.txt": "another text"})

    planned = project.call("plan", "--verbose").out
    told = project.call("apply", "--yes", "--json")

    assert told.code == 3
    assert told.processed == 2
    assert "1 no longer found" in planned
    assert "f/g.txt" in planned
    assert "b/c.txt" not in planned, "it may be there"
    failures = project.call("failures").out
    assert (
        "store's list of 'in/b/' breaks off at a key by which no object can be asked for, the key 'in/b//x.txt'"
        in failures
    )
    assert "exclude: 'b/**'; to exclude the key alone does not help" in failures
    again = project.call("apply", "--yes", "--json")
    assert (again.code, again.processed) == (3, 0)
    for name in ("b//x.txt", "in/b//x.txt"):
        assert "no object can be asked for by such a key" in project.call("explain", name).out


def test_once_it_is_gone_all_is_as_if_it_had_never_been(project: Project, bucket: MotoBucket) -> None:
    bucket.put("in/b//x.txt", b"x")
    bucket.put("in/b/new.txt", b"a new text")
    assert project.call("apply", "--yes").code == 3
    bucket.remove("in/b//x.txt")

    told = project.call("apply", "--yes", "--json")

    assert (told.code, told.processed) == (0, 1)
    assert project.call("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("key", ["in/../x.txt", "in//x.txt", "in/t\tb.txt"])
def test_one_right_below_the_prefix_stops_its_own_job_alone(
    project: Project, bucket: MotoBucket, key: str
) -> None:
    bucket.put(key, b"x")
    project.write({"docs/y.txt": "another text"})

    told = project.call("apply", "--yes", "--json")

    assert (told.code, told.processed) == (3, 1)
    planned = project.call("plan").out
    assert (
        "store's list of 'in/' breaks off at a key by which no object can be asked for, the key 'in/"
        in planned
    )
    assert "name a prefix: that it does not lie below; to exclude the key alone does not help" in planned
    assert "no longer found" not in planned


def test_a_folder_that_is_left_out_may_have_any_keys(project: Project, bucket: MotoBucket) -> None:
    bucket.put("in/z//x.txt", b"x")
    spec = next(iter((project.root / "jobs").glob("job*.yaml")))
    spec.write_text(spec.read_text().replace("include: '**'", "include: '**', exclude: 'z/**'"))

    assert project.call("plan", "--detailed-exitcode").code == 0


def test_a_key_that_is_not_utf_8_stops_its_own_job_alone(
    tmp_path: Path, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StoreProxy(bucket.endpoint) as proxy:
        proxy.meddle = lambda asked, answered: (
            Answered(answered.status, answered.body.replace(b"in/a.txt", b"in/\xff.txt"))
            if asked.is_list
            else answered
        )
        project = store_project(tmp_path / "here", bucket, monkeypatch, proxy.url)
        project.write({"docs/x.txt": "a text on this disk", "jobs/other.yaml": OTHER})

        told = project.call("apply", "--yes", "--json")

    assert (told.code, told.processed) == (3, 1)
    assert "one that is not UTF-8 or very long" in project.call("failures").out
