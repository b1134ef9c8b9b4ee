"""The emulated Extend, judged by the vendor's own client and its types.

The client accepts almost anything, so every answer it received is also held against its types field by field; deliberate
faults show that this would notice.
"""

import copy
import io
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import extend_ai
import httpx
import pydantic
import pytest
from extend_ai import Extend
from extend_ai.core.api_error import ApiError
from extend_ai.extractor_versions.types.extractor_versions_list_response import ExtractorVersionsListResponse
from extend_ai.files.types.files_list_response import FilesListResponse

from docbatch.emulators.extend.objects import OPERATIONS, PROCESSORS
from docbatch.emulators.extend.service import ExtendEmulator

KEY = "sk_test_0123456789"
# Seen in live answers or documented, and unknown to the client's types.
BEYOND = {"dataRetention", "updatedAt", "id"}


class Judge:
    """Collects what the client was answered and the type each answer should have."""

    def __init__(self, url: str) -> None:
        self.answers: list[tuple[str, str, Any]] = []
        transport = httpx.Client(event_hooks={"response": [self._note]}, timeout=30)
        self.client = Extend(token=KEY, base_url=url, httpx_client=transport)

    def _note(self, response: httpx.Response) -> None:
        response.read()
        self.answers.append((response.request.method, response.request.url.path, response.json()))


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator
        assert emulator.errors == []


@pytest.fixture
def judge(vendor: ExtendEmulator) -> Iterator[Judge]:
    judge = Judge(vendor.url)
    yield judge
    judge.client._client_wrapper.httpx_client.httpx_client.close()


def upload(client: Extend, text: str, name: str = "a.txt") -> str:
    return client.files.upload(file=(name, io.BytesIO(text.encode()), "text/plain")).id


def expected(method: str, path: str) -> type[pydantic.BaseModel]:
    """Return the type of the answer to a request."""
    first, *rest = path.strip("/").split("/")
    if first == "files":
        return FilesListResponse if not rest else extend_ai.File
    if first == "batch_runs" or rest == ["batch"]:
        return extend_ai.BatchRun
    if first == "extractors":
        return ExtractorVersionsListResponse if rest[1:] else extend_ai.Extractor
    name = OPERATIONS[first].capitalize()
    if rest:
        found: type[pydantic.BaseModel] = getattr(extend_ai, f"{name}Run")
        return found
    listed: type[pydantic.BaseModel] = getattr(
        import_module(f"extend_ai.{first}.types"), f"{name}RunsListResponse"
    )
    return listed


def faults(kind: type[pydantic.BaseModel], answer: Any) -> list[str]:
    """Return what of an answer is not as the type has it: what is missing, of another kind, unknown or misspelt."""
    try:
        read = kind.model_validate(answer)
    except pydantic.ValidationError as error:
        return [f"{each['loc']}: {each['type']}" for each in error.errors()]
    return list(_strangers(read, answer, kind.__name__))


def _strangers(value: Any, raw: Any, where: str) -> Iterator[str]:
    if isinstance(value, pydantic.BaseModel):
        for name in (value.model_extra or {}).keys() - BEYOND:
            yield f"{where}.{name}: unknown"
        for name, field in type(value).model_fields.items():
            alias = field.alias or name
            if isinstance(raw, dict) and alias in raw:
                yield from _strangers(getattr(value, name), raw[alias], f"{where}.{alias}")
    elif isinstance(value, list):
        for index, (each, other) in enumerate(zip(value, raw, strict=True)):
            yield from _strangers(each, other, f"{where}[{index}]")
    elif getattr(value, "name", "") == "_UNKNOWN":
        yield f"{where}: unknown value {raw}"


def run_through(client: Extend, operation: str) -> tuple[str, list[Any], Any]:
    """Do with the client what docbatch does: upload, create a batch, follow it, list its runs, fetch one."""
    inputs: Any = [
        {"file": {"id": upload(client, f"text {n}")}, "metadata": {"item": f"k{n}"}} for n in (1, 2)
    ]
    options: Any = {"max_retries": 0}
    runs: Any = getattr(client, f"{operation}_runs")
    kind = PROCESSORS.get(operation)
    how: Any = (
        {"config": {"target": "markdown", "chunking_strategy": {"type": "page"}}}
        if kind is None
        else {kind: {"id": {"extract": "ex_one", "classify": "cl_one", "split": "spl_one"}[operation]}}
    )
    batch = runs.create_batch(inputs=inputs, request_options=options, **how)
    client.batch_runs.get(batch.id)
    listed = runs.list(batch_id=batch.id, max_page_size=1000).data
    return batch.id, listed, runs.retrieve(listed[0].id)


@pytest.mark.parametrize("operation", OPERATIONS.values())
def test_the_vendors_client_goes_through_the_whole_flow(judge: Judge, operation: str) -> None:
    _, rows, run = run_through(judge.client, operation)

    assert sorted(row.metadata["item"] for row in rows) == ["k1", "k2"]
    assert [row.status.value for row in rows] == ["PROCESSED", "PROCESSED"]
    assert run.output is not None


@pytest.mark.parametrize("operation", OPERATIONS.values())
def test_every_answer_has_the_vendors_own_type(judge: Judge, operation: str) -> None:
    run_through(judge.client, operation)
    judge.client.files.list(name_contains="a.txt")
    judge.client.files.retrieve("file_1")
    judge.client.extractor_versions.list("ex_one")
    judge.client.extractors.retrieve("ex_one")

    found = {(m, p): faults(expected(m, p), answer) for m, p, answer in judge.answers}

    assert {request: wrong for request, wrong in found.items() if wrong} == {}
    assert len(judge.answers) == 10


def _drop(answer: Any) -> None:
    del answer["status"]


def _misspell(answer: Any) -> None:
    answer["batchID"] = answer.pop("batchId")


def _retype(answer: Any) -> None:
    answer["metrics"]["pageCount"] = "two"


def _invent(answer: Any) -> None:
    answer["output"]["chunks"][0]["type"] = "paragraph"


def _lose_inside(answer: Any) -> None:
    del answer["output"]["chunks"][0]["blocks"][0]["boundingBox"]


@pytest.mark.parametrize("spoil", [_drop, _misspell, _retype, _invent, _lose_inside])
def test_a_deliberate_fault_in_an_answer_is_noticed(judge: Judge, spoil: Callable[[Any], None]) -> None:
    run_through(judge.client, "parse")
    method, path, answer = judge.answers[-1]
    spoilt = copy.deepcopy(answer)
    spoil(spoilt)

    assert faults(expected(method, path), answer) == []
    assert faults(expected(method, path), spoilt) != []


def test_a_run_without_a_file_passes_the_vendors_client(judge: Judge) -> None:
    inputs: Any = [{"file": {"id": "file_none"}, "metadata": {"item": "k"}}]
    batch = judge.client.parse_runs.create_batch(inputs=inputs)

    row: Any
    (row,) = judge.client.parse_runs.list(batch_id=batch.id).data

    assert (row.file, row.status.value, row.failure_reason) == (None, "FAILED", "UNABLE_TO_DOWNLOAD_FILE")


def test_a_cancelled_parse_run_is_a_value_the_client_does_not_name(
    vendor: ExtendEmulator, judge: Judge
) -> None:
    inputs: Any = [{"file": {"id": upload(judge.client, "stopped")}}]
    batch = judge.client.parse_runs.create_batch(inputs=inputs)

    (row,) = judge.client.parse_runs.list(batch_id=batch.id).data

    assert row.status.value == "CANCELLED"


def test_the_page_size_has_two_names_on_the_list_of_parse_runs(judge: Judge) -> None:
    inputs: Any = [{"file": {"id": upload(judge.client, f"text {n}")}} for n in range(12)]
    batch = judge.client.parse_runs.create_batch(inputs=inputs)

    dropped = judge.client.parse_runs.list(batch_id=batch.id, max_page_size=1000)
    read: Any = {"additional_query_parameters": {"limit": 100}}
    whole = judge.client.parse_runs.list(batch_id=batch.id, request_options=read)
    rest = judge.client.parse_runs.list(batch_id=batch.id, next_page_token=dropped.next_page_token)

    assert (len(dropped.data), len(whole.data), len(rest.data)) == (10, 12, 2)


def test_the_vendors_client_pays_twice_after_a_lost_answer(vendor: ExtendEmulator, judge: Judge) -> None:
    """What docbatch is for: the default of the client is to send a create again."""
    vendor.create_faults = ["500_after"]
    inputs: Any = [{"file": {"id": upload(judge.client, "text")}}]

    judge.client.parse_runs.create_batch(inputs=inputs)

    assert len(vendor.ledger) == 2


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        ({"inputs": []}, 400),
        ({"inputs": [{"file": {"id": "file_1"}, "metadata": {"x": "x" * 10_001}}]}, 400),
        ({"inputs": [{"file": {"id": "file_1"}}] * 1001}, 400),
        ({"config": {"target": "MARKDOWN"}}, 400),
        ({"priority": 101}, 400),
    ],
)
def test_requests_out_of_bounds_are_refused(judge: Judge, spoil: dict[str, Any], status: int) -> None:
    request: Any = {"inputs": [{"file": {"id": "file_1"}}], **spoil}

    with pytest.raises(ApiError) as refused:
        judge.client.parse_runs.create_batch(**request)

    assert refused.value.status_code == status


def test_a_request_without_a_version_is_refused(vendor: ExtendEmulator) -> None:
    answer = httpx.get(f"{vendor.url}/parse_runs", headers={"Authorization": f"Bearer {KEY}"})

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


def test_an_output_link_expires_after_15_minutes(vendor: ExtendEmulator, judge: Judge) -> None:
    _, rows, _ = run_through(judge.client, "parse")
    as_link: Any = "url"
    link = judge.client.parse_runs.retrieve(rows[0].id, response_type=as_link).output_url
    assert link is not None
    assert httpx.get(link).json()["chunks"]

    now = vendor.clock()
    vendor.clock = lambda: now + 901

    assert httpx.get(link).status_code == 403


def test_single_runs_processors_and_deletes_are_there_for_the_vendors_client(judge: Judge) -> None:
    client = judge.client
    file = upload(client, "Total: 12")

    parsed = client.parse_runs.create(file={"id": file}, metadata={"mine": "1"})
    found = client.extract_runs.create(file={"id": file}, config={"schema": {"type": "object"}})
    saved = client.extract_runs.create(file={"id": file}, extractor={"id": "ex_one"})

    assert client.parse_runs.retrieve(parsed.id).status.value == "PROCESSED"
    assert client.extract_runs.retrieve(found.id).extractor is None
    version = client.extract_runs.retrieve(saved.id).extractor_version
    assert version is not None
    assert version.version == "2.0"
    assert [each.id for each in client.extractors.list().data] == ["ex_one"]
    assert client.parse_runs.delete(parsed.id).id == parsed.id
    assert client.files.delete(file).id == file
    with pytest.raises(ApiError):
        client.parse_runs.retrieve(parsed.id)
    with pytest.raises(ApiError):
        client.files.retrieve(file)
    assert upload(client, "another") != file


def test_a_mail_is_kept_as_it_was_sent(judge: Judge, vendor: ExtendEmulator) -> None:
    mail = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b--\r\n"

    made = judge.client.files.upload(file=("a.eml", io.BytesIO(mail), "message/rfc822"))

    assert vendor.files[made.id].content == mail
