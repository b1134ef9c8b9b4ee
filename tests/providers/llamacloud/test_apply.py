"""The real command against LlamaCloud: what it pays, what it says, what it leaves there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.emulators.llamacloud.objects import File
from docbatch.emulators.llamacloud.service import KEY, LlamaCloud
from docbatch.emulators.server import Request, Response
from tests.providers.llamacloud.project import DOCUMENTS, EXPECTED, project

GRACE = "{grace: 0.1}"


@pytest.fixture
def vendor() -> Iterator[LlamaCloud]:
    with LlamaCloud() as made:
        made.page = 3
        yield made
        assert made.errors == []
        assert made.leaks == []


def creates(vendor: LlamaCloud) -> list[Request]:
    return [each for each in vendor.sent("POST") if each.path == "/api/v2/batches"]


def at_the_create(vendor: LlamaCloud, fault: str) -> None:
    vendor.choose_fault = lambda request: (
        fault if len(creates(vendor)) == 1 and request in creates(vendor) else ""
    )


@pytest.mark.parametrize(
    ("fault", "times"), [("lost", 1), ("500_after", 1), ("malformed", 1), ("lost_before", 2), ("429", 2)]
)
def test_a_batch_whose_answer_is_lost_is_paid_once(
    tmp_path: Path, vendor: LlamaCloud, fault: str, times: int
) -> None:
    at_the_create(vendor, fault)
    made = project(tmp_path, vendor, recovery=GRACE)

    assert made.call("apply").code == 0
    assert sorted(vendor.ledger) == sorted(DOCUMENTS.values())
    assert made.outputs() == EXPECTED
    assert len(creates(vendor)) == times


def test_a_conflict_is_looked_into_and_not_sent_again(tmp_path: Path, vendor: LlamaCloud) -> None:
    vendor.conflicts = 1
    made = project(tmp_path, vendor, recovery=GRACE)

    assert made.call("apply").code == 0
    assert len(creates(vendor)) == 1
    assert made.outputs() == EXPECTED


class Lagging(LlamaCloud):
    """Its lists fall behind for an hour as soon as there is a batch."""

    def _make_batch(self, request: Request, project: str) -> Response:
        self.lag = 3600.0
        return super()._make_batch(request, project)


def test_what_lists_show_only_after_the_grace_is_held_and_settles_itself(tmp_path: Path) -> None:
    with Lagging() as vendor:
        at_the_create(vendor, "lost")
        made = project(tmp_path, vendor, recovery=GRACE)

        assert made.call("apply").code == 4
        assert len(vendor.batches) == 1

        vendor.lag = 0.0
        assert made.call("apply").code == 0
        assert sorted(vendor.ledger) == sorted(DOCUMENTS.values())
        assert made.outputs() == EXPECTED


class Doubling(LlamaCloud):
    """It makes two batches of one create, whose answer is lost."""

    def _make_batch(self, request: Request, project: str) -> Response:
        self.mapping = 0.5
        super()._make_batch(request, project)
        return super()._make_batch(request, project)


def test_twins_of_a_batch_are_stopped_and_the_user_is_told(tmp_path: Path) -> None:
    with Doubling() as vendor:
        at_the_create(vendor, "lost")
        made = project(tmp_path, vendor, {"a.txt": "apple"}, recovery=GRACE)

        ended = made.call("apply")

        assert ended.code == 0
        first, second = vendor.batches
        assert f"{first}, the oldest, is kept and {second} cancelled" in ended.err
        assert [batch.ending for batch in vendor.batches.values()] == ["COMPLETED", "CANCELLED"]


def test_states_that_nobody_knows_are_told_and_waited_for(tmp_path: Path, vendor: LlamaCloud) -> None:
    vendor.waits, vendor.mapping = ["THROTTLED", "QUEUED_ELSEWHERE"], 0.2
    made = project(tmp_path, vendor, {"a.txt": "apple"})

    ended = made.call("apply")

    assert ended.code == 0
    for status in vendor.waits:
        assert ended.err.count(f"is {status} at LlamaCloud") == 1


LISTED = """
apiVersion: docbatch/v1
name: listed
source: SOURCE
provider: llamacloud
config: {parameters: {tier: agentic, version: '2026-10-16'}}
sink:
  - {type: files, path: "out/{{ doc.path }}.md", format: markdown}
"""


def test_files_the_account_has_are_parsed_without_an_upload_of_ours(
    tmp_path: Path, vendor: LlamaCloud
) -> None:
    vendor.files["fil-own"] = File("fil-own", "prj-one", "own.txt", b"apple")
    made = project(tmp_path, vendor, {})
    made.job(LISTED.replace("SOURCE", "{file_ids: [fil-own, fil-none]}"))

    ended = made.call("apply", "--yes")

    assert ended.code == 3
    assert "fil-none" in ended.out
    assert made.outputs() == {"fil-own.md": b"apple\n"}
    assert vendor.ledger == ["apple"]
    assert not [each for each in vendor.sent("POST") if each.path.endswith("/upload")]


def test_texts_are_sent_as_documents(tmp_path: Path, vendor: LlamaCloud) -> None:
    made = project(tmp_path, vendor, {})
    made.job(LISTED.replace("SOURCE", "{texts: {note: apple}}"))

    assert made.call("apply", "--yes").code == 0
    assert vendor.ledger == ["apple"]


def test_a_configuration_that_vanished_before_the_batch_is_saved_again(
    tmp_path: Path, vendor: LlamaCloud
) -> None:
    def forget(request: Request) -> None:
        if request.path.endswith("/upload") and not vendor.batches and len(vendor.saved) == 1:
            vendor.saved.clear()
            vendor.committed = lambda _request: None

    vendor.committed = forget
    made = project(tmp_path, vendor)

    assert made.call("apply").code == 0
    assert made.outputs() == EXPECTED
    assert len(vendor.directories) == 1


def test_a_second_apply_sends_nothing(tmp_path: Path, vendor: LlamaCloud) -> None:
    made = project(tmp_path, vendor)
    assert made.call("apply").code == 0
    sent = len(vendor.sent("POST", "PUT", "PATCH", "DELETE"))

    assert made.call("apply").code == 0
    assert len(vendor.sent("POST", "PUT", "PATCH", "DELETE")) == sent


def test_failed_and_partial_documents_are_seen_in_the_exit_code(tmp_path: Path, vendor: LlamaCloud) -> None:
    documents = {"a.txt": "apple", "b.txt": "bad", "p.txt": "whole\ftorn", "r.txt": "refused"}
    made = project(tmp_path, vendor, documents)

    ended = made.call("apply")

    assert ended.code == 3
    assert "partial: p.txt: lost: page 2: the page is torn" in ended.out
    assert made.outputs() == {"a.txt.md": b"apple\n", "p.txt.md": b"whole\n"}
    assert sorted(vendor.ledger) == ["apple", "bad", "whole\ftorn"]


@pytest.mark.parametrize("key", [None, "llx-wrong"])
def test_a_missing_or_wrong_key_is_12_before_any_upload(
    tmp_path: Path, vendor: LlamaCloud, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LLAMA_CLOUD_API_KEY", raising=False)
    ended = project(tmp_path, vendor, key=key).call("apply")

    assert ended.code == 12, ended.err
    assert vendor.sent("POST") == []
    assert "llx-wrong" not in ended.out + ended.err


def test_directories_are_removed_when_results_are_safe_and_not_before(
    tmp_path: Path, vendor: LlamaCloud
) -> None:
    vendor.working = 0.3
    made = project(tmp_path, vendor)

    assert made.call("apply", "--no-wait").code == 4
    assert [each.deleted for each in vendor.directories.values()] == [None]
    assert made.call("apply").code == 0
    assert None not in [each.deleted for each in vendor.directories.values()]


def test_a_lost_state_is_refused_also_after_the_cleanup(tmp_path: Path, vendor: LlamaCloud) -> None:
    assert project(tmp_path / "first", vendor).call("apply").code == 0

    ended = project(tmp_path / "second", vendor).call("apply")

    assert ended.code == 6, ended.out + ended.err
    assert len(vendor.ledger) == len(DOCUMENTS)


def test_the_key_is_nowhere_but_in_its_header(tmp_path: Path, vendor: LlamaCloud) -> None:
    made = project(tmp_path, vendor)
    vendor.faults = {4: "500_after", 9: "html502"}
    ended = made.call("apply")

    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert ended.code == 0
    assert not any(KEY.encode() in each for each in [*kept, (ended.out + ended.err).encode()])


def many(folder: Path, vendor: LlamaCloud, documents: int, most: int) -> None:
    vendor.page = 100
    texts = {f"{number:04}.txt": f"document {number}" for number in range(documents)}
    made = replace(project(folder, vendor, texts), most=most)

    assert made.call("apply").code == 0
    assert len(vendor.batches) == -(-documents // most)
    assert sorted(vendor.ledger) == sorted(texts.values())
    assert len(made.outputs()) == documents


def test_more_documents_than_a_batch_takes_are_several_batches(tmp_path: Path, vendor: LlamaCloud) -> None:
    many(tmp_path, vendor, documents=25, most=10)


@pytest.mark.full
def test_2500_documents_are_three_batches(tmp_path: Path, vendor: LlamaCloud) -> None:
    many(tmp_path, vendor, documents=2500, most=1000)
