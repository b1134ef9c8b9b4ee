"""Documents that are read in parts: delivered as if they had been read whole, and paid part by part."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.models import Failure, FailureClass, ItemStatus
from docbatch.engine.running.parts import stitch_parts
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.pdf.liteparse_engine import LiteparseEngine
from docbatch.state.store import Store
from docbatch.testing.patience import comes_true
from tests.cli.project import Project, survivors
from tests.providers.local.locked import locked_pdf
from tests.providers.local.pdf_pages import Line, lines, pdf

JOB = """
apiVersion: docbatch/v1
name: job
source: {{root: in, include: "**/*"}}
provider: local
config: {config}
sink:
  - {{type: files, path: "out/{{{{ doc.path }}}}.md", format: markdown}}
  - {{type: files, path: "json/{{{{ doc.path }}}}.json", format: json}}
"""
SPLIT = "{split_pages: 10, ocr: off}"
WHOLE = "{ocr: off}"
TIMEOUT = Failure(FailureClass.TIMEOUT, "not read in time")


def book(pages: int, name: str = "bees") -> bytes:
    """Return a book with a title, chapters of seven pages, a running head and page numbers."""
    made = []
    for number in range(1, pages + 1):
        page = [Line(72, 760, f"All about {name}", 9), Line(300, 30, str(number), 9)]
        page += [Line(72, 700, f"The great book of {name}", 28)] if number == 1 else []
        page += [Line(72, 700, f"Chapter {number // 7}", 18)] if number % 7 == 1 and number > 1 else []
        made.append([*page, *lines(*(f"Of page {number} this is line {n}." for n in range(9)), y=600)])
    return pdf(*made)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write({"in/large.pdf": book(25), "in/small.pdf": book(10, "wasps"), "in/note.txt": "a note"})
    made.job(JOB.format(config=SPLIT))
    return made


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The first pages of parts that are not read in time."""
    doomed: set[int] = set()
    extract = LiteparseEngine.extract

    def read(engine: LiteparseEngine, data: bytes, kind: str, options: Options) -> Parsed | Failure:
        if options.pages and options.pages[0] in doomed:
            return TIMEOUT
        return extract(engine, data, kind, options)

    monkeypatch.setattr(LiteparseEngine, "extract", read)
    return doomed


def result(project: Project, name: str = "large.pdf") -> Any:
    return json.loads(project.outputs("json")[f"{name}.json"])


def without_heading_boxes(found: Any) -> Any:
    """Leave out where headings end: the engine measures those it takes for headings otherwise than those found later."""
    for page in found["pages"]:
        for block in page["blocks"]:
            if block["kind"] == "heading":
                block["bbox"] = block["bbox"][:2]
    return found


def test_a_document_that_is_split_reads_as_one_that_is_not(project: Project) -> None:
    assert project.applied().processed == 5
    split, said = project.outputs(), result(project)
    project.job(JOB.format(config=WHOLE))
    assert project.applied().processed == 1

    assert project.outputs() == split
    assert without_heading_boxes(result(project)) == without_heading_boxes(said)
    assert result(project)["outcome"] == "succeeded"
    assert [page["number"] for page in result(project)["pages"]] == list(range(1, 26))
    assert "## Chapter 2" in project.outputs()["large.pdf.md"].decode()


def test_nothing_is_read_again_in_a_second_run(project: Project) -> None:
    project.applied()

    assert project.applied().processed == 0
    assert "Nothing is due" in project.call("apply").out


def test_the_option_costs_nothing_for_documents_that_are_not_larger(project: Project) -> None:
    project.job(JOB.format(config=WHOLE))
    project.applied()
    project.job(JOB.format(config=SPLIT))

    told = project.call("plan", "--verbose").out

    assert "large.pdf" in told
    assert "small.pdf" not in told
    assert "config.split_pages: not set → 10" in told
    assert project.applied().processed == 3
    assert project.applied().processed == 0


def test_another_number_of_pages_makes_other_parts(project: Project) -> None:
    project.applied()
    project.job(JOB.format(config="{split_pages: 20, ocr: off}"))

    assert "config.split_pages: 10 → 20" in project.call("plan").out
    assert project.applied().processed == 2

    project.job(JOB.format(config=SPLIT))
    assert project.applied().processed == 0


def test_a_part_that_was_not_read_is_named_and_sent_again_alone(project: Project, failing: set[int]) -> None:
    failing.add(11)
    ended = project.call("apply")

    assert ended.code == 3
    assert "pages 11 to 20 were not read (timeout: not read in time)" in ended.out + ended.err
    assert result(project)["outcome"] == "partial"
    assert [page["number"] for page in result(project)["pages"]] == [*range(1, 11), *range(21, 26)]
    explained = project.call("explain", "in/large.pdf").out
    assert "read in 3 parts: 1 failed, 2 succeeded" in explained
    assert "pages 11 to 20: failed: timeout: not read in time" in explained

    failing.clear()
    assert project.call("apply").code == 3
    assert project.call("retry", "--class", "lost").code == 0
    assert project.applied().processed == 1
    assert [page["number"] for page in result(project)["pages"]] == list(range(1, 26))


def test_a_retry_that_is_taken_back_leaves_the_document_as_it_was(
    project: Project, failing: set[int]
) -> None:
    failing.add(11)
    project.call("apply")
    project.call("retry", "--class", "lost")

    assert project.call("retry", "--undo").code == 0

    ended = project.call("apply", "--json")
    assert (ended.code, ended.processed) == (3, 0)


def test_a_document_of_which_no_part_was_read_has_failed(project: Project, failing: set[int]) -> None:
    failing.update({1, 11, 21})

    ended = project.call("apply")

    assert ended.code == 3
    assert "large.pdf: none of its 3 parts was read: not read in time" in project.call("failures").out
    assert "large.pdf.md" not in project.outputs()

    failing.clear()
    project.call("retry", "--class", "timeout")
    assert project.applied().processed == 3


def test_a_run_that_dies_before_parts_are_put_together_sends_none_of_them_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(stitch_parts, "_record", _die)
        with pytest.raises(SystemError):
            project.call("apply")

    assert project.applied().processed == 0
    assert len(result(project)["pages"]) == 25


def _die(*_arguments: object, **_options: object) -> None:
    raise SystemError("the power is gone")


def counted_as(monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
    from docbatch.engine.planning.selection.count_pages import PageCounter

    count: Callable[..., Any] = PageCounter.__call__

    def counted(counter: PageCounter, *arguments: Any) -> Any:
        return {
            path: pages if path == b"large.pdf" else found
            for path, found in count(counter, *arguments).items()
        }

    monkeypatch.setattr(PageCounter, "__call__", counted)


def test_parts_behind_the_end_of_a_document_are_named(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted_as(monkeypatch, 35)

    ended = project.call("apply")

    assert ended.code == 3
    assert "pages 31 to 40 were not read (refused_input: the document has 25 pages" in ended.out + ended.err
    assert len(result(project)["pages"]) == 25


def test_pages_that_were_not_counted_are_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    counted_as(monkeypatch, 15)

    ended = project.call("apply")

    assert ended.code == 3
    assert "pages 21 to 25 were not read: they were not counted" in ended.out + ended.err


def test_a_document_whose_pages_a_password_hides_is_read_whole(project: Project) -> None:
    project.write({"in/large.pdf": locked_pdf("sesame", pages=25), "secrets/pdf.txt": "sesame\n"})

    ended = project.call("apply")
    assert (ended.code, set(project.outputs())) == (3, {"small.pdf.md", "note.txt.md"})
    assert "large.pdf: encrypted: needs a password" in ended.out + ended.err

    project.job(JOB.format(config=SPLIT) + "passwords: {file: secrets/pdf.txt}\n")
    project.call("retry", "--all")
    assert project.applied().processed == 1
    assert len(result(project)["pages"]) == 25


def test_a_worker_that_is_killed_changes_nothing(project: Project) -> None:
    """Whichever moment it is: what it was reading is given to another."""
    project.applied()
    said = project.outputs()
    for folder in (".docbatch", "out", "json"):
        shutil.rmtree(project.root / folder)
    project.write(
        {"docbatch.yaml": "project: {id: pagesofranges}\nproviders: {local: {type: local, workers: 2}}\n"}
    )

    process = project.start("apply")
    workers: list[int] = []

    def have_come() -> bool:
        workers[:] = [each for each in survivors(project.root, process.pid) if each != process.pid]
        return bool(workers)

    assert comes_true(have_come)
    os.kill(workers[0], signal.SIGKILL)
    process.communicate(timeout=120)

    assert process.returncode == 0
    assert project.outputs() == said


def test_a_document_ends_once_however_many_parts_it_has(project: Project) -> None:
    ended = [line for line in project.applied().lines if line["type"] == "ended"]

    assert sum(line["documents"] for line in ended) == 3
    assert sum(sum(line["by_job"].values()) for line in ended) == 3


def test_no_part_is_sent_of_a_document_whose_result_is_there(project: Project) -> None:
    """Such as that of a document whose result was taken back from its outputs after the state was lost."""
    project.applied()
    with Store.writable(project.root / ".docbatch") as store, store.write():
        row = store.documents.item_row("job", b"large.pdf")
        assert row is not None
        store.items.set(store.parts.of(row)[0].item, ItemStatus.PENDING)

    assert project.applied().processed == 0
