"""A document's own links are part of what was paid for; a vendor's signed ones are credentials and are kept nowhere."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from docbatch.core.results import DocumentInfo
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.engine.reading.result_reader_process import keep
from docbatch.providers import REGISTRY
from docbatch.providers.base import Ready
from docbatch.providers.extend import answer as extend_answer
from docbatch.providers.extractpage.answer import pack
from docbatch.providers.extractpage.calls import Service
from docbatch.providers.extractpage.locator import Locator
from docbatch.providers.extractpage.provider import ExtractPageProvider
from docbatch.providers.http.link_fields import without_queries
from docbatch.providers.http.reply import Reply
from docbatch.providers.llamacloud.calls import Api
from docbatch.providers.llamacloud.jobs import Jobs
from docbatch.spool import Spool
from tests.cli.project import Project
from tests.providers.extend.project import extend_project
from tests.providers.extractpage.project import JOB as EXTRACTPAGE_JOB
from tests.providers.extractpage.project import project as extractpage_project
from tests.providers.llamacloud.project import SINKS
from tests.providers.llamacloud.project import project as llamacloud_project

LINKS = (
    "https://pay.example.com/i?id=42&t=abc",
    "https://portal.example.com/doc?token=5ec2e7&sig=1&signature=2",
    "https://portal.example.com/doc#access_token=5ec2e7",
    "https://portal.example.com/doc?api_key=k&auth=1&hmac=2&jwt=3",
    "http://name:word@example.com/page.png",
    "https://bucket.s3.amazonaws.com/public.pdf?versionId=3",
    "https://www.amazonaws.com.example/x?sig=1",
)
FILES = ("out/a.txt.md", "out/a.txt.txt", "text/a.txt.txt", "json/a.txt.json")
TEXT = "\n".join(LINKS)
TEXT_SINK = '  - {type: files, path: "text/{{ doc.path }}.txt", format: text}\n'
JSON_SINK = '  - {type: files, path: "json/{{ doc.path }}.json", format: json}\n'
S3 = "https://b.s3.amazonaws.com/a/page.png?X-Amz-Credential=A&X-Amz-Signature=5ec2e7"
VALUES: dict[str, Any] = {
    "curl": "what is it? a tool",
    "url": LINKS[0],
    "presigned_url": LINKS[1],
    "image_url": LINKS[2],
    "details": {"imageUrl": LINKS[3]},
    "chunks": [{"details": {"imageUrl": LINKS[4], "presignedUrl": "?"}}],
    "outputUrl": "is it?",
}
DOCUMENT = DocumentInfo(path="a.txt", sha256="0" * 64, size=1, media_type="text/plain")


def _stay(project: Project) -> None:
    """Say that every link is in the Markdown, the text, the result and the vendor's answer in it."""
    assert project.call("apply").code == 0
    made = {name: content.decode() for name, content in project.outputs(".").items() if name in FILES}
    result = json.loads(made["json/a.txt.json"])
    raw = json.dumps(result["raw"] or LINKS)
    for link in LINKS:
        for place in (*made.values(), result["markdown"], result["text"], raw):
            assert link in place, link


def test_links_in_a_document_stay_at_extend(tmp_path: Path) -> None:
    with ExtendEmulator() as vendor:
        _stay(extend_project(tmp_path, vendor, documents={"in/a.txt": TEXT}))


def test_links_in_a_document_stay_at_llamacloud(tmp_path: Path) -> None:
    with LlamaCloud() as vendor:
        _stay(llamacloud_project(tmp_path, vendor, {"a.txt": TEXT}, sinks=SINKS))


def test_links_in_a_document_stay_at_extractpage(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        job = EXTRACTPAGE_JOB + TEXT_SINK + JSON_SINK
        _stay(extractpage_project(tmp_path, vendor, {"a.txt": TEXT}, job=job))


def test_links_in_a_document_stay_on_this_machine(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"in/a.txt": TEXT})
    project.job(EXTRACTPAGE_JOB.replace("extractpage", "local") + TEXT_SINK + JSON_SINK)

    _stay(project)


def _kept(kind: str, payload: bytes, folder: Path) -> bytes:
    """Return what the spool gets of a payload."""
    spool = Spool(folder / "spool")
    made, _ = keep(REGISTRY.kind(kind).read, spool, payload)
    return spool.read(made.draft.digest, spool.admit(made.draft))


@pytest.mark.parametrize("part", ["output", "initialOutput", "reviewedOutput"])
def test_what_extend_extracted_stays_whatever_its_fields_are_called(tmp_path: Path, part: str) -> None:
    run = {"object": "extract_run", "id": "exr_1", "output": {"value": {}}, part: {"value": VALUES}}

    kept = json.loads(_kept("extend", extend_answer.payload(run), tmp_path))

    assert kept[part]["value"] == VALUES


def test_what_extend_extracted_reaches_the_outputs(tmp_path: Path) -> None:
    run = {"object": "extract_run", "id": "exr_1", "output": {"value": VALUES}}
    kept = _kept("extend", extend_answer.payload(run), tmp_path)

    result = REGISTRY.kind("extend").read(kept).result(DOCUMENT)

    assert result.metadata["value"] == VALUES
    assert json.loads(result.text) == VALUES


def test_what_llamacloud_extracted_stays_whatever_its_fields_are_called(tmp_path: Path) -> None:
    answer = json.dumps({"id": "ext-1", "extract_result": VALUES}, indent=1).encode()

    assert _kept("llamacloud", answer, tmp_path) == answer


def test_what_extractpage_answered_stays_byte_for_byte(tmp_path: Path) -> None:
    said = f'"image_url": "{LINKS[0]}", ' + json.dumps({"image_url": LINKS[1]})
    answer = json.dumps({"chunks": [{"page_content": said, "x": 1.10}]}, indent=1).encode()
    payload = pack(Locator("batch_1", "item_1"), without_queries(answer, "image_url"))

    assert answer in payload
    assert _kept("extractpage", payload, tmp_path) == payload


def _extend(links: Callable[[str], dict[str, Any]]) -> bytes:
    block = {"details": links("imageUrl"), "children": [{"details": links("imageUrl")}]}
    return extend_answer.payload(
        {
            "object": "parse_run",
            "id": "pr_1",
            "file": links("presignedUrl"),
            "files": [links("presignedUrl")],
            **links("outputUrl"),
            "output": {"chunks": [{"content": "x", "blocks": [block], "details": links("imageUrl")}]},
        }
    )


def _extractpage(links: Callable[[str], dict[str, Any]]) -> bytes:
    answer = json.dumps({"chunks": [links("image_url")]}).encode()
    service = mock.create_autospec(Service, instance=True)
    service.result.return_value = answer
    service.pictures.return_value = None
    provider = ExtractPageProvider(service, "a", mock.Mock())
    return provider.fetch(mock.Mock(), Ready("k", Locator("batch_1", "item_1").text))


def _llamacloud(links: Callable[[str], dict[str, Any]]) -> bytes:
    answer = {
        "job": {"id": "pjb-1"},
        "text_full": "x",
        "items": {"pages": [{"page_number": 1, "pictures": [links("presigned_url")]}]},
    }
    api = mock.create_autospec(Api, instance=True)
    api.reply.return_value = Reply(200, {}, json.dumps(answer).encode())
    return Jobs(api, mock.Mock()).payload("parse_v2", "pjb-1", 1)


@pytest.mark.parametrize("made", [_extend, _extractpage, _llamacloud])
@pytest.mark.parametrize("mark", ["?", "?a=1&", "#", "\\u003f", "\\u0023"])
def test_the_vendors_own_links_are_cut_whoever_signs_them(
    made: Callable[[Callable[[str], dict[str, Any]]], bytes], mark: str
) -> None:
    link = f"https://cdn.vendor.example/page.png{json.loads(chr(34) + mark + chr(34))}k=5ec2e7"

    payload = made(lambda field: {field: link})

    assert b"5ec2e7" not in payload
    assert b"https://cdn.vendor.example/page.png" in payload


@pytest.mark.parametrize("kind", ["extend", "llamacloud", "extractpage"])
def test_what_a_storage_host_signed_is_cut_in_places_nobody_knows(tmp_path: Path, kind: str) -> None:
    unknown = {"new": [{"field": S3, "text": f"![p]({S3})", "json": json.dumps({"a": S3})}]}
    payload = {
        "extend": extend_answer.payload({"object": "parse_run", "output": {"chunks": []}, **unknown}),
        "llamacloud": json.dumps({"job": {}, "text_full": S3, **unknown}).encode(),
        "extractpage": pack(Locator("b", "i"), json.dumps({"chunks": [], **unknown}).encode()),
    }[kind]

    kept = _kept(kind, payload, tmp_path)

    assert b"5ec2e7" not in kept
    assert b"https://b.s3.amazonaws.com/a/page.png" in kept


def test_an_escaped_link_of_the_vendor_is_cut() -> None:
    answer = b'{"chunks": [{"image_url" : "https:\\/\\/v.example\\/a\\u003fk=5ec2e7\\u0026b=\\"c", "n": 1}]}'

    assert without_queries(answer, "image_url") == (
        b'{"chunks": [{"image_url" : "https:\\/\\/v.example\\/a", "n": 1}]}'
    )
