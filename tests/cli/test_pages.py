"""Pages in a plan: counted where they are asked for, once for the same bytes, and told with what is not known."""

import sqlite3
import time
from typing import Any
from unittest import mock

import docbatch
from docbatch.counting import kinds
from docbatch.counting.pool import CountingPool
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.engine.planning.amounts import count_extents
from tests.cli.project import Project
from tests.cli.test_links import VENDOR
from tests.counting.countable import book, letter, paged_pdf
from tests.providers.extend.project import KEY
from tests.providers.local.specimens import png

BOTH = """
apiVersion: docbatch/v1
name: {name}
source: {{root: in, include: "**/*.pdf"}}
provider: {provider}
sink:
  - {{type: jsonl, path: "out/{name}.jsonl"}}
"""


def pages(project: Project, *arguments: str) -> Any:
    ended = project.call("plan", "--format", "json", *arguments)
    assert ended.code == 0, ended.err
    return ended.lines[0]["pages"]


def looked_into(project: Project, *arguments: str) -> int:
    """Return how many documents a plan counts."""
    with mock.patch.object(kinds, "count", wraps=kinds.count) as counting:
        assert project.call("plan", *arguments).code == 0
    return counting.call_count


def aged(project: Project) -> None:
    """Let the state folder be there, and all documents older than the clocks of file systems are coarse."""
    (project.root / ".docbatch").mkdir(mode=0o700, exist_ok=True)


def test_a_plan_says_how_much_is_to_be_sent_and_of_what_that_is_unknown(project: Project) -> None:
    project.write(
        {
            "in/a.pdf": paged_pdf(1200),
            "in/b.pdf": paged_pdf(30),
            "in/c.docx": letter("word " * 100, 4, 400),
            "in/d.png": png(),
            "in/e.xlsx": book(["<d><c><v>1</v></c></d>", "<d/>"]),
            "in/f.txt": "some words",
            "in/g.pdf": paged_pdf(2)[:60],
        }
    )

    told = project.call("plan").out

    assert (
        "      1,235 pages in 4 documents (4 of them as the documents say),"
        " 2 sheets with 1 cell in 1 workbook, 2 of unknown length\n" in told
    )
    assert pages(project) == [
        {
            "job": "job",
            "items": 7,
            "paged": 4,
            "pages": 1235,
            "stated": 4,
            "books": 1,
            "sheets": 2,
            "cells": 1,
            "unknown": 2,
        }
    ]


def test_a_plan_without_pages_looks_into_no_document(project: Project) -> None:
    project.write({"in/a.pdf": paged_pdf(2)})

    assert looked_into(project, "--no-pages") == 0
    assert pages(project, "--no-pages") is None
    assert "page" not in project.call("plan", "--no-pages").out
    assert docbatch.open_project(project.root).plan(pages=False).pages is None


def test_what_was_counted_is_kept_until_the_bytes_change_or_the_cache_goes(project: Project) -> None:
    project.write({"in/a.pdf": paged_pdf(2), "in/b.pdf": paged_pdf(3)})
    aged(project)

    assert looked_into(project) == 2
    assert looked_into(project) == 0
    (project.root / "in/a.pdf").rename(project.root / "in/c.pdf")
    assert looked_into(project) == 0
    project.write({"in/b.pdf": paged_pdf(4)})
    assert looked_into(project) == 1
    assert pages(project)[0]["pages"] == 6
    with mock.patch.object(kinds, "VERSION", kinds.VERSION + 1):
        assert looked_into(project) == 2
    (project.root / ".docbatch/cache.db").unlink()
    assert looked_into(project) == 2


def test_what_had_to_be_ended_is_tried_again_the_next_day(project: Project) -> None:
    project.write({"in/a.pdf": paged_pdf(2)})
    aged(project)
    assert looked_into(project) == 1
    with sqlite3.connect(project.root / ".docbatch/cache.db") as cache:
        cache.execute("UPDATE extent SET ended = 1, pages = NULL")
    cache.close()

    assert looked_into(project) == 0
    with mock.patch.object(time, "time", return_value=time.time() + 86_400):
        assert looked_into(project) == 1


def test_identical_documents_of_several_jobs_are_counted_once_for_the_first(project: Project) -> None:
    project.write({"in/a.pdf": paged_pdf(2), "in/b.pdf": paged_pdf(2)})
    project.job(BOTH.format(name="again", provider="local"), "again")

    assert looked_into(project) == 1
    assert [(each["job"], each["items"], each["pages"]) for each in pages(project)] == [("again", 1, 2)]


def test_apply_counts_what_is_charged_and_nothing_else(project: Project) -> None:
    project.write({"in/a.pdf": paged_pdf(2), "key": KEY})
    project.job(BOTH.format(name="paid", provider="extend"), "paid")
    with ExtendEmulator() as vendor:
        project.write({"docbatch.yaml": VENDOR.format(url=vendor.url)})

        plan = project.call("apply", "--json", "--max-new", "0").lines[0]

    assert [(each["job"], each["pages"]) for each in plan["pages"]] == [("paid", 2)]


def test_apply_counts_no_longer_than_it_may_take(project: Project) -> None:
    project.write({"in/a.pdf": paged_pdf(2), "key": KEY})
    project.job(BOTH.format(name="paid", provider="extend"), "paid")
    with (
        ExtendEmulator() as vendor,
        mock.patch.object(count_extents, "CountingPool", wraps=CountingPool) as made,
    ):
        project.write({"docbatch.yaml": VENDOR.format(url=vendor.url)})
        docbatch.open_project(project.root).apply(max_new=0, timeout=30)

    assert 0 < made.call_args.args[0].all <= 30


def test_explaining_counts_nothing(project: Project) -> None:
    project.write({"in/a.pdf": paged_pdf(2)})

    with mock.patch.object(kinds, "count", wraps=kinds.count) as counting:
        assert project.call("explain", "in/a.pdf").code == 0

    assert counting.call_count == 0


def test_a_repository_that_is_not_trusted_is_counted_within_bounds_and_nothing_of_it_is_kept(
    project: Project,
) -> None:
    project.write({"in/a.pdf": paged_pdf(2)})
    aged(project)

    with mock.patch.object(count_extents, "CountingPool", wraps=CountingPool) as made:
        assert docbatch.open_project(project.root, untrusted=True).plan().pages is not None

    assert made.call_args.args[0] == count_extents.BY_STRANGERS
    assert not (project.root / ".docbatch/cache.db").exists()


def test_a_plan_that_takes_a_while_tells_how_far_it_came(project: Project) -> None:
    project.write({f"in/{number}.pdf": paged_pdf(number) for number in range(1, 4)})
    told: list[docbatch.Notice] = []

    with mock.patch.object(count_extents, "_TOLD_EVERY", 0.0):
        docbatch.open_project(project.root).plan(on_event=told.append)

    assert told == [docbatch.Counting(number, 3) for number in range(1, 4)]


def test_a_document_that_changes_under_a_plan_is_unknown_and_not_kept(project: Project) -> None:
    project.write({"in/a.pdf": paged_pdf(2)})
    aged(project)
    looking = count_extents.count_extents

    def changed(*arguments: Any, **named: Any) -> None:
        (project.root / "in/a.pdf").write_bytes(paged_pdf(2).replace(b"612", b"613"))
        looking(*arguments, **named)

    with mock.patch.object(count_extents, "count_extents", changed):
        assert pages(project)[0]["unknown"] == 1

    (project.root / "in/a.pdf").write_bytes(paged_pdf(2))
    assert pages(project)[0]["pages"] == 2


def test_counting_takes_the_processes_it_starts_with_it(project: Project) -> None:
    project.write({"in/a.pdf": paged_pdf(2)})

    done = project.run("plan")

    assert done.returncode == 0, done.stderr
    assert "2 pages in 1 document" in done.stdout
    assert done.stderr == ""
    assert not (project.root / ".docbatch").exists()
