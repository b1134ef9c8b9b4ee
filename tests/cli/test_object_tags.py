"""Tags of objects as metadata of documents, at a real server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.cli.store_project import elsewhere, store_project
from tests.stores.moto_server import SECRET, MotoBucket, moto_bucket
from tests.stores.store_proxy import StoreProxy, denied

JOB = """
apiVersion: docbatch/v1
name: job
source: {store: lake, prefix: in/, include: "**", tags: true}
provider: local
sink:
  - {type: files, path: "out/{{ doc.metadata.customer_id | default('nobody') }}/{{ doc.path }}.md", format: markdown}
  - {type: jsonl, path: rows.jsonl}
"""


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as made:
        made.put("in/a.txt", b"the text of a", {"team": "red"}, Tagging="Customer-Id=acme")
        made.put("in/b/c +.txt", b"the text of c", {"customer-id": "ours"}, Tagging="Customer-Id=theirs")
        made.put("in/d.txt", b"the text of d", {"team": "blue"})
        yield made


@pytest.fixture
def proxy(bucket: MotoBucket) -> Iterator[StoreProxy]:
    with StoreProxy(bucket.endpoint) as made:
        yield made


@pytest.fixture
def project(
    tmp_path: Path, bucket: MotoBucket, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> Project:
    made = store_project(tmp_path / "here", bucket, monkeypatch, proxy.url)
    made.job(JOB)
    return made


def rows(project: Project) -> dict[str, dict[str, str]]:
    lines = (project.root / "rows.jsonl").read_text().splitlines()
    return {row["document"]["path"]: row["columns"] for row in map(json.loads, lines)}


def tagged(proxy: StoreProxy) -> list[str]:
    """Return of which objects tags were asked since this was asked last."""
    found = sorted(asked.key for asked in proxy.asked if "tagging" in asked.query)
    proxy.asked.clear()
    return found


def test_tags_are_metadata_and_count_before_what_came_with_the_object(
    project: Project, proxy: StoreProxy
) -> None:
    assert project.applied().processed == 3
    assert sorted(project.outputs()) == ["acme/a.txt.md", "nobody/d.txt.md", "theirs/b/c +.txt.md"]
    assert rows(project) == {
        "a.txt": {"customer_id": "acme", "team": "red"},
        "b/c +.txt": {"customer_id": "theirs"},
        "d.txt": {"team": "blue"},
    }
    assert tagged(proxy) == ["in/a.txt", "in/b/c +.txt", "in/d.txt"]


def test_they_are_asked_for_once_and_for_what_differs_alone(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, tmp_path: Path
) -> None:
    project.applied()
    bucket.put("in/d.txt", b"another text of d", Tagging="Customer-Id=delta")
    tagged(proxy)

    project.applied()

    assert tagged(proxy) == ["in/d.txt"]
    assert "delta/d.txt.md" in project.outputs()
    other = elsewhere(project, tmp_path / "there")
    assert "Nothing will be sent" in other.call("plan").out
    assert len(proxy.asked) == 1, "nothing but the list"
    other.job(JOB.replace("out/", "to/"))
    assert "to/acme/a.txt.md" in other.call("plan", "--verbose", "--offline").out
    assert len(proxy.asked) == 1


def test_who_begins_to_ask_for_them_pays_for_nothing_again(project: Project, proxy: StoreProxy) -> None:
    project.job(JOB.replace(", tags: true", ""))
    project.applied()
    assert "ours/b/c +.txt.md" in project.outputs()
    assert tagged(proxy) == []
    project.job(JOB)

    assert project.applied().processed == 0
    assert len(tagged(proxy)) == 3
    assert "theirs/b/c +.txt.md" in project.outputs()


def test_an_object_whose_tags_may_not_be_read_fails_alone(project: Project, proxy: StoreProxy) -> None:
    proxy.meddle = lambda asked, answered: (
        denied() if "tagging" in asked.query and asked.key == "in/a.txt" else answered
    )

    told = project.call("apply", "--json", "-vv")

    assert (told.code, told.processed) == (3, 2)
    failures = project.call("failures").out
    assert "tags of an object: AccessDenied, 403; who asks needs s3:GetObjectTagging" in failures
    assert not [each for each in (told.out, told.err, failures) if SECRET in each or "Signature" in each]
    proxy.meddle = lambda _asked, answered: answered
    assert project.applied().processed == 1


@pytest.mark.parametrize(
    ("store", "why"),
    [
        ("{type: gcs, bucket: docs}", "objects at Google Cloud Storage have no tags"),
        ("{type: azure, account: docs, container: docs}", "of stores of type s3 alone they can"),
        ("{type: folder, path: lake}", "files have no tags"),
    ],
)
def test_where_there_are_none_to_be_had_the_spec_is_refused(tmp_path: Path, store: str, why: str) -> None:
    project = Project(tmp_path)
    project.write({"docbatch.yaml": f"project: {{id: testproject01}}\nstores: {{lake: {store}}}"})
    project.job(JOB)

    told = project.call("validate")

    assert told.code == 64
    assert why in told.err
    assert "leave tags: out" in told.err
