"""Objects that Extend fetches by links: no byte passes through docbatch, each version is paid once, and links are kept nowhere."""

import json
import logging
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.server import Request
from docbatch.state.store import Store
from docbatch.testing.crash import MODES
from docbatch.testing.matrix import HASTE, Matrix
from tests.cli.project import Project
from tests.emulators.rehearsing import port_of, staged
from tests.providers.extend.linked_project import CREDENTIALS, OBJECTS, is_by_link, linked_project
from tests.providers.extend.test_matrix import HOLD, vendor
from tests.stores.moto_server import MotoBucket, moto_bucket
from tests.stores.store_proxy import Asked, StoreProxy

logging.getLogger("werkzeug").setLevel(logging.ERROR)
FETCHED = sorted(OBJECTS)
SIGNATURE = re.compile(r"X-Amz-Signature=([0-9a-f]{64})")


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket(versioned=True) as made:
        for key, content in OBJECTS.items():
            made.put(key, content)
        yield made


@pytest.fixture
def proxy(bucket: MotoBucket) -> Iterator[StoreProxy]:
    with StoreProxy(bucket.endpoint) as made:
        yield made


@pytest.fixture
def extend() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as made:
        yield made
        assert made.errors == []
        assert made.leaks == []


@pytest.fixture
def project(
    tmp_path: Path,
    bucket: MotoBucket,
    proxy: StoreProxy,
    extend: ExtendEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return linked_project(tmp_path / "here", extend, bucket, url=proxy.url)


def links(extend: ExtendEmulator) -> list[str]:
    """Return the links that the vendor was given."""
    bodies = [request.json() for request in extend.sent("POST") if request.path.endswith("/batch")]
    return [each["file"]["url"] for body in bodies for each in body["inputs"] if "url" in each["file"]]


def read_here(proxy: StoreProxy) -> list[str]:
    return [asked.key for asked in proxy.asked if asked.is_read and not is_by_link(asked)]


def read_by_link(proxy: StoreProxy) -> list[str]:
    return sorted(asked.key for asked in proxy.asked if asked.is_read and is_by_link(asked))


def test_no_byte_passes_through_here_and_a_second_run_lists_alone(
    project: Project, proxy: StoreProxy, extend: ExtendEmulator
) -> None:
    assert project.applied().processed == len(OBJECTS)

    assert read_here(proxy) == []
    assert read_by_link(proxy) == FETCHED
    assert b"the one object" in project.outputs()["one.txt.md"]
    assert not [request for request in extend.sent("POST") if request.path == "/files/upload"]

    proxy.asked.clear()
    assert project.applied().processed == 0
    assert [asked.is_list for asked in proxy.asked] == [True]


def test_a_link_is_to_one_version_and_lives_for_seven_days(project: Project, extend: ExtendEmulator) -> None:
    project.applied()

    said = [parse_qs(urlsplit(link).query) for link in links(extend)]

    assert [each["X-Amz-Expires"] for each in said] == len(OBJECTS) * [["604800"]]
    assert len({each["versionId"][0] for each in said}) == len(OBJECTS)


def test_plan_asks_for_no_object_and_needs_nothing_that_signs(
    project: Project, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.stores.s3_client.find_spec", lambda _name: None)

    planned = project.call("plan")

    assert planned.code == 0
    assert "3 documents of unknown length" in planned.out
    assert {asked.method for asked in proxy.asked if asked.key} == {"HEAD"}


def test_a_new_version_is_another_document_and_what_was_paid_stays_paid(
    project: Project, bucket: MotoBucket, extend: ExtendEmulator
) -> None:
    project.applied()
    bucket.put("in/one.txt", b"the one object as it is by now")
    bucket.client.delete_object(Bucket=bucket.name, Key="in/two.txt")

    assert project.applied().processed == 1
    assert b"as it is by now" in project.outputs()["one.txt.md"]
    assert project.applied().processed == 0
    assert set(Counter(extend.ledger).values()) == {1}


def test_another_machine_with_the_state_asks_for_no_version_it_knows(
    project: Project, proxy: StoreProxy
) -> None:
    project.applied()
    (project.root / ".docbatch" / "cache.db").unlink()
    proxy.asked.clear()

    assert project.applied().processed == 0
    assert [asked.key for asked in proxy.asked if asked.key] == []


def test_objects_are_selected_by_what_the_store_and_their_names_say(
    project: Project, bucket: MotoBucket, extend: ExtendEmulator
) -> None:
    bucket.put("in/large.txt", b"a" * 2000)
    bucket.put("in/picture.png", b"not read here")
    job = (project.root / "jobs" / "job.yaml").read_text()
    where = "hand_over: link, where: {size: {max: 1kB}, type: [txt]}"
    project.write({"jobs/job.yaml": job.replace("hand_over: link", where)})

    assert project.applied().processed == len(links(extend)) == len(OBJECTS)


def test_what_a_store_says_of_an_object_is_known_without_reading_it(
    project: Project, bucket: MotoBucket, proxy: StoreProxy
) -> None:
    bucket.put(FETCHED[0], b"one that is told of", {"Team": "red"}, Tagging="Customer-Id=acme")
    spec = next((project.root / "jobs").iterdir())
    told = spec.read_text().replace("hand_over: link", "hand_over: link, tags: true")
    spec.write_text(
        told.replace(
            "out/{{",
            "out/{{ doc.metadata.customer_id | default('nobody') }}"
            "-{{ doc.metadata.team | default('none') }}/{{",
        )
    )

    project.applied()

    places = {name for name in project.outputs() if name.endswith(".md")}
    others = {f"nobody-none/{key.removeprefix('in/')}.md" for key in FETCHED[1:]}
    assert places == {f"acme-red/{FETCHED[0].removeprefix('in/')}.md", *others}
    assert [
        asked
        for asked in proxy.asked
        if asked.is_read and not (is_by_link(asked) or "tagging" in asked.query)
    ] == []
    heads = [asked.key for asked in proxy.asked if asked.method == "HEAD"]
    assert len(heads) == 2 * len(OBJECTS), "one to learn of it, and one as it is sent"


def test_bytes_and_links_of_one_object_are_two_items(
    project: Project, bucket: MotoBucket, extend: ExtendEmulator
) -> None:
    bucket.put("in/same.txt", OBJECTS["in/one.txt"])
    by_bytes = (project.root / "jobs" / "job.yaml").read_text().replace(", hand_over: link", "")
    project.job(by_bytes.replace("name: job", "name: other").replace('"out/', '"other/'), "other")
    project.write({"jobs/other.yaml": (project.root / "jobs/other.yaml").read_text().replace("json/", "js/")})

    assert project.call("apply", "--yes").code == 0

    with Store.readable(project.root / ".docbatch") as store:
        kinds = store.database.execute("SELECT media_type, count(*) FROM item GROUP BY 1").fetchall()
    # Equal bytes under two keys are one item as bytes, and two as links.
    assert {str(kind): number for kind, number in kinds} == {
        "application/vnd.docbatch.object": 4,
        "text/plain": 3,
    }
    assert len(links(extend)) == 4


def test_an_object_that_changes_after_the_plan_is_sent_as_the_version_it_is_then(
    project: Project, bucket: MotoBucket, proxy: StoreProxy
) -> None:
    looks: list[str] = []

    def change(asked: Asked) -> None:
        if asked.method == "HEAD" and asked.key == "in/one.txt":
            looks.append(asked.key)
            if len(looks) == 2:
                bucket.put("in/one.txt", b"changed before it was sent")

    proxy.before = change
    project.call("apply", "--yes")
    project.applied()

    assert b"changed before it was sent" in project.outputs()["one.txt.md"]
    assert read_by_link(proxy).count("in/one.txt") == 1


def gone_by_then(bucket: MotoBucket, proxy: StoreProxy, key: str) -> None:
    """Take a version away once the vendor asks for it."""

    def take_away(asked: Asked) -> None:
        if is_by_link(asked) and asked.key == key:
            version = asked.query["versionId"][0]
            bucket.client.delete_object(Bucket=bucket.name, Key=key, VersionId=version)

    proxy.before = take_away


def test_what_the_vendor_cannot_fetch_fails_alone(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, extend: ExtendEmulator
) -> None:
    gone_by_then(bucket, proxy, "in/two.txt")

    ended = project.call("apply", "--yes")

    assert ended.code == 3
    assert sorted(project.outputs()) == [
        "one.txt.md",
        "one.txt.txt",
        "thrée +1.txt.md",
        "thrée +1.txt.txt",
    ]
    told = project.call("failures").out
    assert "two.txt" in told
    assert "vendor_error" in told
    assert len(extend.ledger) == 2


def everything(root: Path) -> Iterator[tuple[str, bytes]]:
    for path in root.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(root)), path.read_bytes()


def test_no_signature_is_found_anywhere_afterwards(
    project: Project,
    bucket: MotoBucket,
    proxy: StoreProxy,
    extend: ExtendEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The vendor repeats links in whatever it says: in results, in failures, and in a refusal."""
    gone_by_then(bucket, proxy, "in/two.txt")
    extend.create_faults = ["500_after"]
    real = ExtendEmulator._get_run

    def echoing(self: ExtendEmulator, *args: Any) -> Any:
        return {**real(self, *args), "source": {"fileUrl": links(self)[0]}, "note": f"see {links(self)[1]} ."}

    monkeypatch.setattr(ExtendEmulator, "_get_run", echoing)
    said = [project.call("plan", "--out", "plan.json")]
    said.append(project.call("apply", "--yes", "-vv", "--log-file", "log.txt", "--report", "reports"))
    assert said[-1].code == 3
    extend.refusal = (400, f"Cannot read {links(extend)[0]}")
    bucket.put("in/one.txt", b"one more version")
    said.append(project.call("apply", "--yes", "--json", "-vv"))
    said += [project.call(*words) for words in (("failures", "--json"), ("explain", "two.txt"), ("history",))]
    said.append(project.call("plan", "--format", "json"))

    shown = "".join(ended.out + ended.err for ended in said)
    found = {each for link in links(extend) for each in SIGNATURE.findall(link)}
    assert len(found) >= len(OBJECTS)
    assert (project.root / "log.txt").stat().st_size > 0
    places = [*everything(project.root), ("what was shown", shown.encode())]
    for signature in found:
        assert [name for name, content in places if signature.encode() in content] == []
    assert [name for name, content in places if b"X-Amz-Credential=" in content] == []
    result = json.loads((project.root / "json" / "one.txt.json").read_text())
    assert result["raw"]["source"]["fileUrl"].endswith("in/one.txt")


def test_what_is_kept_of_a_request_has_placeholders_and_what_signing_takes(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, extend: ExtendEmulator
) -> None:
    extend.latency = 1000.0
    assert project.call("apply", "--yes", "--no-wait").code == 4

    with Store.readable(project.root / ".docbatch") as store:
        (sent,) = store.submissions.open()
        frozen = store.submissions.frozen(sent.id)
    urls = [each["file"]["url"] for each in json.loads(frozen.request)["inputs"]]
    assert [urlsplit(url).query for url in urls] == [
        urlsplit(link).query.partition("&")[0] for link in links(extend)
    ]
    assert {url.partition("?")[0].rpartition("/")[0] for url in urls} == {
        f"{proxy.url.replace('http', 's3')}/{bucket.name}/in"
    }
    assert {made.data["kind"] for made in frozen.prepared.values()} == {"object"}
    assert {made.data["key"] for made in frozen.prepared.values()} == set(OBJECTS)


def test_an_emulator_that_remembers_keeps_what_it_fetched_and_no_link(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = (project.root / "docbatch.yaml").read_text()
    line = next(line for line in settings.splitlines() if "base_url" in line)
    project.write({"docbatch.yaml": settings.replace(line, "")})
    given: list[str] = []
    real = ExtendEmulator.remembered

    def noting(self: ExtendEmulator, request: Request) -> Request:
        given.append(request.body.decode(errors="replace"))
        return real(self, request)

    monkeypatch.setattr(ExtendEmulator, "remembered", noting)
    with staged("extend", project) as first:
        assert project.call("apply", "--yes", "--no-wait").code in {0, 4}
    signatures = {each for body in given for each in SIGNATURE.findall(body)}
    assert len(signatures) == len(OBJECTS)

    with staged("extend", project, port_of(first)) as second:
        assert project.call("apply", "--yes").code == 0
        assert len(second.payments) == len(OBJECTS)

    assert b"the one object" in project.outputs()["one.txt.md"]
    for signature in signatures:
        assert [name for name, content in everything(project.root) if signature.encode() in content] == []


def matrix(folder: Path, bucket: MotoBucket, recovery: str = HOLD) -> Matrix[ExtendEmulator]:
    def write(root: Path, emulator: ExtendEmulator, recovery: str) -> object:
        (root / "in").mkdir()
        for key in OBJECTS:
            (root / key).touch()
        return linked_project(root, emulator, bucket, recovery=recovery)

    at_extend = vendor()
    return Matrix(
        replace(at_extend, write=write, environment={**at_extend.environment, **CREDENTIALS}),
        folder,
        recovery,
    )


def test_undisturbed_it_pays_once(tmp_path: Path, bucket: MotoBucket) -> None:
    assert matrix(tmp_path, bucket).calm() == []


@pytest.mark.parametrize("mode", MODES)
def test_killed_around_the_create_it_pays_once_and_loses_nothing(
    tmp_path: Path, bucket: MotoBucket, mode: Any
) -> None:
    made = matrix(tmp_path, bucket)

    assert made.kills([made.create], [mode]) == []


def test_what_a_lost_state_knew_is_taken_over_and_not_paid_again(
    project: Project, extend: ExtendEmulator
) -> None:
    project.applied()
    shutil.rmtree(project.root / ".docbatch")
    shutil.rmtree(project.root / "json")

    assert project.call("apply", "--yes").code == 6
    assert project.call("recover", "--yes").code == 0
    assert project.call("apply", "--yes").code == 0

    assert "one.txt.json" in project.outputs("json")
    assert len(links(extend)) == len(OBJECTS)
    assert set(Counter(extend.ledger).values()) == {1}


@pytest.mark.full
@pytest.mark.parametrize("mode", MODES)
def test_killed_at_every_request_it_pays_once_and_loses_nothing(
    tmp_path: Path, bucket: MotoBucket, mode: Any
) -> None:
    made = matrix(tmp_path, bucket)

    assert made.kills(made.requests, [mode]) == []


@pytest.mark.full
def test_killed_at_each_of_its_writes_it_pays_once_and_loses_nothing(
    tmp_path: Path, bucket: MotoBucket
) -> None:
    made = matrix(tmp_path, bucket)

    assert made.deaths(range(1, len(made.effects) + 1)) == []


@pytest.mark.parametrize("fault", ["lost", "500_after", "truncated"])
def test_a_lost_answer_is_looked_for_and_found(project: Project, extend: ExtendEmulator, fault: str) -> None:
    extend.create_faults = [fault]

    project.applied()

    assert set(Counter(extend.ledger).values()) == {1}
    assert len(links(extend)) == len(OBJECTS)


@pytest.mark.parametrize("then", ["hold", "resend"])
def test_what_is_not_found_is_held_and_never_sent_again(
    tmp_path: Path, bucket: MotoBucket, project: Project, extend: ExtendEmulator, then: str
) -> None:
    made = linked_project(project.root, extend, bucket, recovery=f"{{grace: 0.2, then: {then}}}")
    extend.haste = HASTE
    extend.create_faults = ["lost_before"]

    assert made.call("apply", "--yes").code == 4
    assert made.call("apply", "--yes").code == 4

    assert len(links(extend)) == len(OBJECTS)
    assert extend.ledger == []


def test_the_older_version_of_the_api_takes_links_as_well(
    project: Project, extend: ExtendEmulator, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")

    assert project.applied().processed == len(OBJECTS)

    assert read_here(proxy) == []
    assert read_by_link(proxy) == FETCHED


def test_a_bucket_without_versions_is_refused(
    tmp_path: Path, project: Project, extend: ExtendEmulator
) -> None:
    with moto_bucket() as plain:
        plain.put("in/a.txt", b"text")
        refused = linked_project(tmp_path / "plain", extend, plain).call("apply", "--yes")

    assert refused.code == 6
    assert "keeps no versions" in refused.err
    assert links(extend) == []
    assert project.root.exists()


def test_an_object_of_before_versions_were_kept_fails_alone(
    tmp_path: Path, project: Project, extend: ExtendEmulator
) -> None:
    with moto_bucket() as late:
        late.put("in/before.txt", b"text")
        versioning = {"Status": "Enabled"}
        late.client.put_bucket_versioning(Bucket=late.name, VersioningConfiguration=versioning)
        late.put("in/since.txt", b"text")
        made = linked_project(tmp_path / "late", extend, late)

        assert made.call("apply", "--yes").code == 3
        assert [name for name in made.outputs() if name.endswith("md")] == ["since.txt.md"]
        told = made.call("failures").out
        assert "unsupported" in told
        assert "no version id" in told
    assert project.root.exists()


def test_without_what_signs_nothing_is_sent(
    project: Project, extend: ExtendEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.stores.s3_client.find_spec", lambda _name: None)

    ended = project.call("apply", "--yes")

    assert ended.code == 64
    assert "docbatch[signing]" in ended.err
    assert extend.requests == []


def test_a_store_that_is_gone_from_the_project_signs_nothing(
    project: Project, extend: ExtendEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where its credentials no longer sign: that shows before anything is recorded as sent."""
    from docbatch.engine.connections.object_stores import ObjectStores

    monkeypatch.setattr(ObjectStores, "_identity", lambda _self, _name: "s3://another")

    ended = project.call("apply", "--yes")

    assert ended.code == 12
    assert "no link to an object there can be signed" in ended.err
    assert links(extend) == []
    with Store.readable(project.root / ".docbatch") as store:
        assert list(store.submissions.open()) == []


def test_a_store_under_two_names_signs_with_the_credentials_that_are_there(
    project: Project, extend: ExtendEmulator
) -> None:
    settings = (project.root / "docbatch.yaml").read_text()
    head, _, stores = settings.partition("stores:\n")
    other = (
        stores.replace("lake:", "another:").replace("LAKE_ID", "NOBODY_HAS").replace("LAKE_SECRET", "THIS")
    )
    project.write({"docbatch.yaml": f"{head}stores:\n{other}{stores}"})

    assert project.applied().processed == len(links(extend)) == len(OBJECTS)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("provider: extend", "provider: local"), "local does not fetch objects by links"),
        (("store: lake", "store: disk"), "links are signed for stores of type s3 alone, and store 'disk'"),
        (("store: lake", "store: cloud"), "store 'cloud' is of type gcs"),
        (("config: {}", "config: {}\npasswords: {file: key}"), "passwords go along with documents that are"),
        (("hand_over: link", "hand_over: links"), "hand_over"),
        (("hand_over: link", "hand_over: link, containers: open"), "what lies in containers has no link"),
    ],
)
def test_what_cannot_hand_over_links_is_no_valid_spec(
    project: Project, change: tuple[str, str], told: str
) -> None:
    settings = (project.root / "docbatch.yaml").read_text()
    others = "  disk: {type: folder, path: .}\n  cloud: {type: gcs, bucket: docs}\n"
    job = (project.root / "jobs" / "job.yaml").read_text()
    assert change[0] in job
    project.write({"docbatch.yaml": settings + others, "jobs/job.yaml": job.replace(*change)})

    ended = project.call("validate")

    assert ended.code == 64
    assert told in ended.out + ended.err


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "https://10.0.0.7", "https://[::1]:9000"])
def test_a_store_that_the_vendor_cannot_reach_is_refused_unless_that_is_said(
    project: Project, extend: ExtendEmulator, endpoint: str
) -> None:
    settings = (project.root / "docbatch.yaml").read_text()
    elsewhere = settings.replace(extend.url, "https://api.extend.ai")
    line = next(line for line in elsewhere.splitlines() if "endpoint:" in line)
    project.write({"docbatch.yaml": elsewhere.replace(line, f'    endpoint: "{endpoint}"')})

    ended = project.call("validate")

    assert ended.code == 64
    assert "which the provider cannot reach" in ended.out + ended.err
    job = (project.root / "jobs" / "job.yaml").read_text()
    project.write({"jobs/job.yaml": job.replace("hand_over: link", "hand_over: link, allow_private: true")})
    assert project.call("validate").code == 0
