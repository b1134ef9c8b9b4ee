"""The vendor's own client runs the whole flow against the emulator, refusing every answer that is not of its types."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from llama_cloud import APIResponseValidationError, APIStatusError, LlamaCloud, NotFoundError

from docbatch.emulators.llamacloud import service as emulated
from docbatch.emulators.server import Request, Response

PARSE = {"product_type": "parse_v2", "tier": "agentic", "version": "2026-10-16"}
EXTRACT = {"product_type": "extract_v2", "data_schema": {"type": "object"}, "tier": "agentic"}


@pytest.fixture
def vendor() -> Iterator[emulated.LlamaCloud]:
    with emulated.LlamaCloud() as vendor:
        yield vendor
        assert vendor.errors == []


@pytest.fixture
def client(vendor: emulated.LlamaCloud) -> Iterator[LlamaCloud]:
    with LlamaCloud(
        api_key=emulated.KEY, base_url=vendor.url, max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


def directory(client: LlamaCloud, *texts: str) -> str:
    made = client.beta.directories.create(name="run-3f9c", type="ephemeral", description="manifest")
    for number, text in enumerate(texts):
        name = f"{number}.txt"
        client.beta.directories.files.upload(
            made.id, upload_file=(name, text.encode(), "text/plain"), unique_id=f"#{name}", display_name=name
        )
    return made.id


@pytest.mark.parametrize("ending", ["absent", "null", "empty"])
def test_a_directory_is_made_filled_listed_and_removed(
    vendor: emulated.LlamaCloud, client: LlamaCloud, ending: str
) -> None:
    vendor.ending = ending  # type: ignore[assignment]
    vendor.page = 2
    where = directory(client, "apple", "banana", "cherry")
    files = client.beta.directories.files

    assert [each.unique_id for each in files.list(where)] == ["#0.txt", "#1.txt", "#2.txt"]
    (one,) = files.list(where, unique_id="#1.txt")
    added = files.add(where, file_id=str(one.file_id), unique_id="again")
    files.delete(added.id, directory_id=where)
    assert client.beta.directories.get(where).expires_at is not None
    assert [each.id for each in client.beta.directories.list(name="run-3f9c", type="ephemeral")] == [where]
    client.beta.directories.delete(where)
    assert list(client.beta.directories.list()) == []
    assert [each.id for each in client.beta.directories.list(include_deleted=True)] == [where]


def test_a_file_of_the_account_lies_in_a_directory(client: LlamaCloud) -> None:
    file = client.files.create(file=("own.txt", b"apple", "text/plain"), purpose="user_data")
    where = directory(client)

    added = client.beta.directories.files.add(where, file_id=file.id, unique_id="ours")

    assert (added.display_name, added.unique_id, added.file_id) == ("own.txt", "ours", file.id)
    with pytest.raises(NotFoundError):
        client.beta.directories.files.add(where, file_id="file-none")


def test_what_was_in_a_removed_directory_is_listed_where_the_service_remembers_it(
    vendor: emulated.LlamaCloud, client: LlamaCloud
) -> None:
    vendor.lists_removed = True
    where = directory(client, "apple")
    client.beta.directories.delete(where)

    (one,) = client.beta.directories.files.list(where, include_deleted=True)

    assert one.deleted_at is not None


def test_lists_are_filtered_by_status_and_time(vendor: emulated.LlamaCloud, client: LlamaCloud) -> None:
    where = directory(client, "apple")
    job = {"type": "parse_v2", "configuration_id": emulated.PRESET}
    batch = client.batches.create(source_directory_id=where, config={"job": job})  # type: ignore[typeddict-item]
    assert batch.created_at is not None
    later = batch.created_at + timedelta(seconds=1)

    assert [each.id for each in client.batches.list(status="COMPLETED")] == [batch.id]
    assert list(client.batches.list(status="RUNNING")) == []
    assert [each.id for each in client.batches.list(created_at_on_or_before=later)] == [batch.id]
    assert list(client.batches.list(created_at_on_or_after=later)) == []
    assert len(list(client.parsing.list(status="COMPLETED", created_at_on_or_after=batch.created_at))) == 1


def test_a_batch_of_too_many_files_is_refused(vendor: emulated.LlamaCloud, client: LlamaCloud) -> None:
    where = directory(client, "apple")
    (one,) = vendor.entries.values()
    vendor.entries |= {f"dfl-{number}": replace(one, id=f"dfl-{number}") for number in range(1000)}

    with pytest.raises(APIStatusError):
        client.batches.create(
            source_directory_id=where,
            config={"job": {"type": "parse_v2", "configuration_id": emulated.PRESET}},
        )
    assert vendor.ledger == []


def test_a_saved_configuration_is_overwritten_by_its_name(client: LlamaCloud) -> None:
    saved = client.configurations.create(name="ours", parameters=PARSE)  # type: ignore[arg-type]
    again = client.configurations.create(name="ours", parameters={**PARSE, "tier": "fast"})  # type: ignore[arg-type]

    assert again.id == saved.id
    assert client.configurations.retrieve(saved.id).version == again.version
    assert [each.id for each in client.configurations.list(name="ours", product_type=["parse_v2"])] == [
        saved.id
    ]


def test_a_parse_batch_runs_to_the_end_of_its_jobs(vendor: emulated.LlamaCloud, client: LlamaCloud) -> None:
    where = directory(client, "apple\fcore", "whole\ftorn", "bad", "unmapped")
    batch = client.batches.create(
        source_directory_id=where, config={"job": {"type": "parse_v2", "configuration_id": emulated.PRESET}}
    )
    assert [each.id for each in client.batches.list(source_directory_id=where)] == [batch.id]

    rows = client.batches.get(batch.id, expand=["results"]).results or []
    jobs = [row.job_reference.id for row in rows if row.job_reference is not None]
    parts = ["markdown", "text", "items", "metadata", "usage", "markdown_content_metadata"]
    answers = [client.parsing.get(job, expand=parts) for job in jobs]

    assert [row.error_message for row in rows if row.job_reference is None] == [
        "no job could be made for this file"
    ]
    assert sorted(answer.job.status for answer in answers) == ["COMPLETED", "COMPLETED", "FAILED"]
    pages = [answer.markdown.pages for answer in answers if answer.markdown]
    assert sorted(str(page[-1].success) for page in pages) == ["False", "True"]
    assert {each.id for each in client.parsing.list(job_ids=jobs)} == set(jobs)
    assert vendor.ledger == ["apple\fcore", "whole\ftorn", "bad"]


def test_the_client_gets_what_options_add_to_a_parse(vendor: emulated.LlamaCloud, client: LlamaCloud) -> None:
    where = directory(client, "apple\fcore")
    asked = {
        "output_options": {
            "granular_bboxes": ["word"],
            "additional_outputs": ["stripped_md", "concatenated_stripped_txt", "word_bbox"],
            "save_output_pdf": True,
        },
        "processing_options": {"forms": "enrich"},
    }
    saved = client.configurations.create(name="much", parameters={**PARSE, **asked})  # type: ignore[arg-type]
    batch = client.batches.create(
        source_directory_id=where, config={"job": {"type": "parse_v2", "configuration_id": saved.id}}
    )
    (row,) = client.batches.get(batch.id, expand=["results"]).results or []
    assert row.job_reference is not None
    sides = ("raw_words", "stripped_markdown", "concatenated_stripped_markdown", "output_pdf", "xlsx")

    bare = client.parsing.get(row.job_reference.id)
    full = client.parsing.get(
        row.job_reference.id,
        expand=["forms", "job_metadata", *(f"{each}_content_metadata" for each in sides)],
    )

    assert set(bare.result_content_metadata or {}) == {"grounded_items"}
    assert (bare.forms, bare.job_metadata) == (None, None)
    assert [page.success for page in full.forms.pages] == [True, True] if full.forms else False
    assert full.job_metadata == {"job_pages": 2, "job_is_cache_hit": False}
    assert set(full.result_content_metadata or {}) == {
        "grounded_items", "raw_words", "stripped_markdown", "concatenated_stripped_markdown", "outputPDF"
    }  # fmt: skip
    assert full.job.tier == "agentic"


def test_an_extract_batch_gives_data(client: LlamaCloud) -> None:
    where = directory(client, "apple")
    saved = client.configurations.create(name="data", parameters=EXTRACT)  # type: ignore[arg-type]
    batch = client.batches.create(
        source_directory_id=where, config={"job": {"type": "extract_v2", "configuration_id": saved.id}}
    )
    (row,) = client.batches.get(batch.id, expand=["results"]).results or []
    assert row.job_reference is not None

    job = client.extract.get(row.job_reference.id, expand=["configuration", "extract_metadata", "usage"])

    assert job.extract_result == {"text": "apple", "length": 5}
    assert job.configuration is not None
    assert job.configuration.tier == "agentic"
    assert client.extract.get(job.id).configuration is None
    assert [each.id for each in client.extract.list(job_ids=[job.id])] == [job.id]


def test_a_batch_and_a_job_are_cancelled(vendor: emulated.LlamaCloud, client: LlamaCloud) -> None:
    vendor.mapping = vendor.working = 60.0
    where = directory(client, "apple")
    batch = client.batches.create(
        source_directory_id=where, config={"job": {"type": "parse_v2", "configuration_id": emulated.PRESET}}
    )
    (job,) = vendor.jobs

    assert client.batches.cancel(batch.id).status == "RUNNING"
    assert client.batches.get(batch.id).status == "CANCELLED"
    assert client.parsing.cancel(job).status == "CANCELLED"
    with pytest.raises(APIStatusError):
        client.batches.cancel(batch.id)


def test_versions_and_refusals_have_the_clients_types(client: LlamaCloud) -> None:
    assert client.parsing.list_versions().agentic == ["2026-10-16"]
    with pytest.raises(NotFoundError):
        client.batches.get("bat-none")


def test_the_client_would_notice_an_answer_of_another_shape(
    vendor: emulated.LlamaCloud, client: LlamaCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_name(request: Request) -> Response:
        return Response.of({"id": "dir-1", "project_id": "prj-one"}, 201)

    monkeypatch.setattr(vendor, "route", without_name)
    with pytest.raises(APIResponseValidationError):
        client.beta.directories.create(name="run")


def test_single_jobs_and_deletes_are_there_for_the_vendors_client(client: LlamaCloud) -> None:
    file = client.files.create(file=("a.txt", b"Total: 12", "text/plain"), purpose="parse")
    parsed = client.parsing.create(file_id=file.id, tier="agentic", version="latest")
    sent = client.parsing.create(
        upload_file=("b.txt", b"banana", "text/plain"), tier="agentic", version="latest"
    )
    found = client.extract.create(file_input=file.id, configuration={"data_schema": {"type": "object"}})

    assert client.parsing.get(parsed.id, expand=["text"]).job.status == "COMPLETED"
    assert client.parsing.get(sent.id, expand=["text"]).text.pages[0].text == "banana"  # type: ignore[union-attr]
    assert client.extract.get(found.id).extract_result == {"total": "12"}
    assert [each.name for each in client.files.list()] == ["a.txt", "b.txt"]
    client.files.delete(file.id)
    with pytest.raises(NotFoundError):
        client.parsing.create(file_id=file.id, tier="agentic", version="latest")
