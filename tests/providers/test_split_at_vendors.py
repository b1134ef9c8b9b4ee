"""Documents that are sent to vendors in parts: by the vendor's own option, each part once, and read as one."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.emulators.llamacloud.storage import KEY as LLAMA_KEY
from docbatch.emulators.reading import Page, Reading
from docbatch.emulators.server import Emulator, Request
from tests.cli.project import Project
from tests.counting.countable import paged_pdf
from tests.providers.extend.project import KEY

PROJECT = """
project: {{id: pagesofranges}}
providers:
  {name}: {{base_url: "{url}", api_key: {{file: key}}, poll: {{initial: 0.05, max: 0.2}}, rates: {{requests_per_second: 2000}}}}
"""
JOB = """
apiVersion: docbatch/v1
name: job
source: {{root: in, include: "**/*"}}
provider: {name}
config: {config}
sink:
  - {{type: files, path: "out/{{{{ doc.path }}}}.md", format: markdown}}
  - {{type: files, path: "json/{{{{ doc.path }}}}.json", format: json}}
"""


class PdfPages:
    """Reads PDFs as pages that say their number."""

    def read(self, content: bytes, _name: str, done: Callable[[Reading], None]) -> None:
        with closing(pypdfium2.PdfDocument(content)) as document:
            numbers = range(1, len(document) + 1)
        done(Reading(tuple(Page(f"this is page {number}", f"this is page {number}") for number in numbers)))


class Moody(PdfPages):
    """Fails to read one of the documents it is given, counted from 0."""

    def __init__(self, fails: int) -> None:
        self._fails = fails
        self._given = count()

    def read(self, content: bytes, name: str, done: Callable[[Reading], None]) -> None:
        if next(self._given) != self._fails:
            super().read(content, name, done)
            return
        done(Reading(failure=Failure(FailureClass.CORRUPT, "it is torn")))


class Vendor:
    """An emulated vendor, and how a project of its is written."""

    def __init__(self, name: str, emulator: Any, config: str, key: str) -> None:
        self.name = name
        self.key = key
        self.emulator = emulator
        self.config = config

    def project(self, root: Path, split: str) -> Project:
        project = Project(root)
        project.write(
            {
                "docbatch.yaml": PROJECT.format(name=self.name, url=self.emulator.url),
                "key": self.key,
                "in/large.pdf": paged_pdf(25),
                "in/small.pdf": paged_pdf(10),
            }
        )
        project.job(JOB.format(name=self.name, config=self.config.replace("SPLIT", split)))
        return project


@pytest.fixture(params=["extend", "llamacloud"])
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    emulator: Emulator
    if request.param == "extend":
        emulator, config = ExtendEmulator(), "{SPLIT}"
    else:
        emulator, config = LlamaCloud(), "{parameters: {tier: fast}, SPLIT}"
    emulator.reader = PdfPages()
    with emulator:
        yield Vendor(request.param, emulator, config, KEY if request.param == "extend" else LLAMA_KEY)


def test_each_part_is_paid_once_and_pages_have_their_numbers_in_the_document(
    vendor: Vendor, tmp_path: Path
) -> None:
    project = vendor.project(tmp_path, "split_pages: 10")

    assert project.applied().processed == 4
    assert project.applied().processed == 0

    result = json.loads(project.outputs("json")["large.pdf.json"])
    assert [page["number"] for page in result["pages"]] == list(range(1, 26))
    assert all(f"this is page {page['number']}" in page["text"].split("\n") for page in result["pages"])
    said = project.outputs()["large.pdf.md"].decode().split("\n")
    assert [line for line in said if line.startswith("this")] == [
        f"this is page {number}" for number in range(1, 26)
    ]
    assert len(vendor.emulator.ledger) == len(set(vendor.emulator.ledger)) == 4


def test_a_plan_counts_the_pages_of_parts_and_what_they_cost(vendor: Vendor, tmp_path: Path) -> None:
    whole = vendor.project(tmp_path, "split_pages: 50").call("plan", "--format", "json").lines[0]
    split = vendor.project(tmp_path, "split_pages: 10").call("plan", "--format", "json").lines[0]

    assert split["costs"] == whole["costs"]
    assert split["pages"] == whole["pages"]
    assert "job 'job': 1 document with more than 10 pages, to be sent in 3 parts" in split["notes"]


def test_a_limit_holds_for_parts(vendor: Vendor, tmp_path: Path) -> None:
    project = vendor.project(tmp_path, "split_pages: 10")
    (tmp_path / "in/small.pdf").unlink()
    job = project.root / "jobs/job.yaml"
    job.write_text(job.read_text() + "limits: [{per: run, pages: 20}]\n")

    assert project.call("apply").code == 5
    assert len(vendor.emulator.ledger) == 2
    assert project.call("apply").code == 0
    assert len(vendor.emulator.ledger) == 3


def test_a_part_that_a_vendor_failed_is_sent_again_alone(vendor: Vendor, tmp_path: Path) -> None:
    project = vendor.project(tmp_path, "split_pages: 10")
    reader = vendor.emulator.reader
    vendor.emulator.reader = Moody(fails=2)

    assert project.call("apply").code == 3
    (lost,) = [
        part
        for part in (1, 2, 3)
        if f"this is page {part * 10 - 5}" not in project.outputs()["large.pdf.md"].decode()
    ]
    assert (
        f"large.pdf: pages {lost * 10 - 9} to {lost * 10} were not read (corrupt"
        in project.call("failures").out
    )

    assert (
        "queue what was not read of it again, which the provider charges again"
        in project.call("failures").out
    )

    vendor.emulator.reader, bought = reader, len(vendor.emulator.ledger)
    assert project.call("retry", "--class", "lost").code == 0
    assert "to be sent in 1 part" in project.call("plan").out
    assert project.applied().processed == 1
    assert len(vendor.emulator.ledger) == bought + 1
    assert "this is page 25" in project.outputs()["large.pdf.md"].decode()


@pytest.mark.parametrize("strike", random.Random(5).sample(range(4, 24), 3))
def test_a_run_that_is_killed_pays_no_part_twice(vendor: Vendor, tmp_path: Path, strike: int) -> None:
    project = vendor.project(tmp_path, "split_pages: 10")
    process = project.start("apply")
    requests = count()

    def kill(_request: Request) -> None:
        if next(requests) == strike:
            process.kill()

    vendor.emulator.committed = kill
    process.communicate(timeout=120)
    vendor.emulator.committed = lambda _request: None

    ended = project.call("apply")
    assert ended.code == 0, ended.out + ended.err

    assert len(vendor.emulator.ledger) == len(set(vendor.emulator.ledger)) == 4
    result = json.loads(project.outputs("json")["large.pdf.json"])
    assert [page["number"] for page in result["pages"]] == list(range(1, 26))


def test_a_lost_state_takes_parts_over_and_pays_none_again(vendor: Vendor, tmp_path: Path) -> None:
    project = vendor.project(tmp_path, "split_pages: 10")
    project.applied()
    said = project.outputs()
    shutil.rmtree(project.root / ".docbatch")
    shutil.rmtree(project.root / "out")
    shutil.rmtree(project.root / "json")

    assert project.call("apply").code == 6
    recovered = project.call("recover")
    assert recovered.code == 0, recovered.out + recovered.err
    ended = project.call("apply")

    assert ended.code == 0, ended.out + ended.err
    assert len(vendor.emulator.ledger) == 4
    assert project.outputs() == said


def test_a_document_at_a_vendor_ends_once(vendor: Vendor, tmp_path: Path) -> None:
    ended = [
        line
        for line in vendor.project(tmp_path, "split_pages: 10").applied().lines
        if line["type"] == "ended"
    ]

    assert sum(line["documents"] for line in ended) == 2
    assert sum(sum(line["by_job"].values()) for line in ended) == 2
