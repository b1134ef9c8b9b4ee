"""A report in each of its formats: the same numbers in all, and no name or message in it does anything."""

import html.parser
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from docbatch.core.comment_text import COMMENT_LIMIT, comment_length
from docbatch.core.costs import CostLine, CountedAmount, Spending
from docbatch.core.html_page import html_page
from docbatch.core.run_reports.as_html import MOST_NAMED, report_html
from docbatch.core.run_reports.as_json import report_json
from docbatch.core.run_reports.as_junit import report_junit
from docbatch.core.run_reports.as_markdown import report_markdown
from docbatch.core.run_reports.sentences import ended, headline, next_steps, why
from docbatch.core.run_reports.values import (
    STATUSES,
    HeldWork,
    ReportedDocument,
    ReportedError,
    ReportedJob,
    RunReport,
    WarnedDocument,
)
from tests.core.test_plan_formats import HOSTILE

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "report.schema.json").read_text())
PAID = CostLine(
    {"connection": "extend"},
    Spending(3, CountedAmount(9, expected=9), CountedAmount(6_000_000), CountedAmount(0, 150_000)),
)


def unwell(path: str, status: str = "failed", kind: str = "corrupt", **more: object) -> ReportedDocument:
    made = ReportedDocument("job", path, status, kind, "broken")  # type: ignore[arg-type]
    return replace(made, **more)  # type: ignore[arg-type]


def of_job(succeeded: int = 2, *found: ReportedDocument, **more: object) -> RunReport:
    counts: dict[str, int] = {"succeeded": succeeded}
    for each in found:
        counts[each.status] = counts.get(each.status, 0) + 1
    job = ReportedJob(
        "job", "local", {"team": "a"}, counts, passed=tuple(f"{n}.txt" for n in range(succeeded))
    )
    made = RunReport("apply", "2026-01-15T08:30:00Z", (job,), found, exit_code=3, seconds=61.5, sent=3)
    return replace(made, **more)  # type: ignore[arg-type]


def full() -> RunReport:
    """Return a report with something of everything, and with hostile names and messages wherever one can stand."""
    found = [unwell(name, kind="vendor_error", message=name, code=name, attempts=3) for name in HOSTILE]
    found += [
        unwell("p.pdf", "partial", "lost"),
        unwell("h.pdf", "held", "held"),
        unwell("x", "problem", "unreadable"),
    ]
    report = of_job(
        2,
        *found,
        exit_code=1,
        spent=(PAID,),
        held=(HeldWork("s1", HOSTILE[0], 2),),
        errors=tuple(ReportedError(each, each) for each in HOSTILE),
    )
    (job,) = report.jobs
    counts = {**job.counts, "live": 2, "pending": 1}
    job = replace(
        job, counts=counts, undelivered=1, warned={"empty": 1, "guessed": 2}, cost=replace(PAID, by={"job": "job"}),
        labels={"team": HOSTILE[0], HOSTILE[1]: "x"}, connection=HOSTILE[2],
    )  # fmt: skip
    warned = tuple(WarnedDocument("job", name, (name, "second")) for name in HOSTILE)
    return replace(report, jobs=(job, ReportedJob("idle", "local")), warned=warned)


def junit(report: RunReport) -> ET.Element:
    return ET.fromstring("\n".join(report_junit(report)))


class Seen(html.parser.HTMLParser):
    """What a browser makes of a page: the elements, and the text outside of style and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] not in {"style", "script"}:
            self.text += data


def test_all_formats_say_the_same_numbers() -> None:
    report = of_job(993, *(unwell(f"{n}.pdf") for n in range(7)))

    told = report_json(report)
    suites = junit(report)

    assert (told["documents"], told["counts"]["succeeded"], told["counts"]["failed"]) == (1000, 993, 7)
    assert (suites.get("tests"), suites.get("failures"), len(suites.findall(".//testcase"))) == (
        "1000",
        "7",
        1000,
    )
    assert len(suites.findall(".//failure")) == len(told["failures"]) == 7
    for text in (report_markdown(report), Seen(report_html(report)).text):
        assert "993 of 1,000 documents done, 7 failed" in text
        assert "exit code 3: finished, and 7 documents failed or are partial" in text
        assert "this run sent 3 documents" in text
        assert "it took 1 min 1 s" in text


@pytest.mark.parametrize("report", [full(), of_job(), RunReport("status", "2026-01-15T08:30:00Z", ())])
def test_json_is_as_its_schema_says(report: RunReport) -> None:
    jsonschema.validate(json.loads(json.dumps(report_json(report))), SCHEMA)


def test_json_says_everything() -> None:
    told = report_json(full())

    assert told["failures"][0] == {
        "job": "job", "path": HOSTILE[0], "status": "failed", "class": "vendor_error", "code": HOSTILE[0],
        "message": HOSTILE[0], "attempts": 3, "accepted": None,
    }  # fmt: skip
    assert told["spent"][0]["connection"] == "extend"
    assert told["jobs"][0]["cost"]["credits"]["exact"] == 6
    assert told["classes"][0] == {"status": "failed", "class": "vendor_error", "documents": len(HOSTILE)}


def test_junit_has_a_case_for_each_document_and_survives_any_name() -> None:
    suites = junit(full())
    job, idle, run = suites.findall("testsuite")

    assert [each.get("name") for each in (job, idle, run)] == ["job", "idle", "docbatch"]
    for suite in (job, idle, run):
        assert suite.get("tests") == str(len(suite.findall("testcase")))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert suite.get("errors") == str(len(suite.findall("testcase/error")))
        assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
    for name in ("tests", "failures", "errors", "skipped"):
        assert suites.get(name) == str(sum(int(suite.get(name, "")) for suite in (job, idle, run)))
    failure = next(each for each in job.findall("testcase") if each.get("name") == "</details>")[0]
    assert (failure.get("type"), failure.get("message")) == (
        "vendor_error",
        "code </details>: </details> (3 attempts)",
    )
    assert {each[0].get("type") for each in job.findall("testcase") if each.find("failure") is not None} == {
        "vendor_error", "lost", "unreadable",
    }  # fmt: skip


def test_junit_has_no_character_that_xml_forbids() -> None:
    report = of_job(0, unwell("\x00\x1b[31m\ufffe\ud800.pdf", message="\x0b\x7f\U0001ffff"))

    text = "\n".join(report_junit(report))

    ET.fromstring(text.encode())
    assert "\\x1b[31m" in text


def test_junit_counts_what_succeeded_beyond_what_is_named() -> None:
    report = of_job(2)
    (job,) = report.jobs
    report = replace(report, jobs=(replace(job, counts={"succeeded": 5_002}),))

    cases = junit(report).findall(".//testcase")

    assert [each.get("name") for each in cases] == ["0.txt", "1.txt", "5,000 more documents that succeeded"]


def test_markdown_counts_first_and_lists_by_class() -> None:
    lines = report_markdown(full()).splitlines()

    assert lines[1].startswith("### docbatch: 2 of ")
    assert f"| vendor\\_error | failed | {len(HOSTILE)} |".replace("\\_", "_") in lines
    assert f"<details><summary>{len(HOSTILE)} documents failed: vendor_error</summary>" in lines
    assert "**1 document partial: lost**" in lines
    assert "**1 document held for a decision**" in lines
    assert any(line.startswith("- error: ") for line in lines)


@pytest.mark.parametrize("number", [5_000, 50_000])
def test_markdown_fits_a_comment_whatever_there_is(number: int) -> None:
    long = "\N{GRINNING FACE}@[`" * 200
    found = tuple(unwell(f"{n}{long}.pdf", kind=f"kind{n % 200}", message=long) for n in range(number // 50))
    jobs = tuple(ReportedJob(f"job{n}{long}", "local", counts={"succeeded": 1}) for n in range(300))
    errors = tuple(ReportedError(long, long) for _ in range(300))
    warned = tuple(WarnedDocument("job", f"{n}", (long,)) for n in range(number))
    report = of_job(0, *found, errors=errors, warned=warned)

    text = report_markdown(replace(report, jobs=(*report.jobs, *jobs)))

    assert comment_length(text) <= COMMENT_LIMIT
    assert "more job" in text
    assert "more error" in text
    assert "more lists of documents left out" in text


def test_markdown_lets_no_name_do_anything() -> None:
    text = report_markdown(full())

    assert not re.search(r"(?<!\w)@team", text)
    assert "<script>" not in text
    assert text.count("<details>") == text.count("</details>")
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def test_the_page_needs_nothing_else_and_lets_no_name_do_anything() -> None:
    page = report_html(full())
    seen = Seen(page)

    assert "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" in page
    assert seen.tags.count("script") == 1
    assert not {"img", "link", "iframe", "a"} & set(seen.tags)
    assert "<script>alert(1)</script>" in seen.text
    assert "two\\nlines" in seen.text
    assert "width=device-width" in page
    assert "color-scheme: light dark" in page


def test_the_page_names_so_many_documents_and_says_where_all_are() -> None:
    page = report_html(of_job(0, *(unwell(f"{n}.pdf") for n in range(MOST_NAMED + 3))))

    assert page.count('<div class="document">') == MOST_NAMED
    assert "and 3 more; report.json names all" in page
    assert "<details data-list>" in page
    assert "<details data-list open>" in report_html(of_job(0, unwell("a.pdf")))


def test_a_page_without_a_script_allows_none() -> None:
    assert "script" not in html_page("title", ["<p>text</p>"])


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (of_job(exit_code=0), "done; nothing is due"),
        (of_job(1, unwell("a")), "finished, and 1 document failed or is partial"),
        (of_job(1, unwell("a", "pending", ""), exit_code=4), "incomplete: 1 document is not through"),
        (
            of_job(1, unwell("a", "live"), unwell("b", "live"), exit_code=4),
            "incomplete: 2 documents are not through",
        ),
        (of_job(exit_code=4), "incomplete"),
        (of_job(exit_code=130), "interrupted"),
        (of_job(exit_code=99), "a failure"),
        (of_job(exit_code=None), ""),
    ],
)
def test_why_a_run_ended_is_said(report: RunReport, said: str) -> None:
    assert why(report) == said
    assert ended(report) == (f"exit code {report.exit_code}: {said}" if said else "")


def test_the_headline_says_what_is_not_done() -> None:
    assert (
        headline(full())
        == "2 of 19 documents done, 1 partial, 11 failed, 1 cannot be sent, 1 held for a decision,"
        " 2 with the provider, 1 not sent yet, 1 not written"
    )


def accepted() -> RunReport:
    """Return a report of one document that succeeded, one that failed and one that is partial; both may stand."""
    stand = (
        unwell("a.pdf", accepted="accepted by me"),
        unwell("b.pdf", "partial", "lost", accepted="by its job"),
    )
    report = of_job(1, *stand, exit_code=0)
    return replace(report, jobs=(replace(report.jobs[0], accepted=2),))


def test_what_is_accepted_is_no_failure_in_any_format() -> None:
    report = accepted()

    assert headline(report) == "1 of 3 documents done, 1 partial, 1 failed, 2 of these accepted"
    assert report.failing == 0
    assert report_json(report)["accepted"] == 2
    suites = junit(report)
    assert (suites.get("failures"), suites.get("skipped"), suites.get("tests")) == ("0", "2", "3")
    assert [case.get("message") for case in suites.iter("skipped")] == [
        "corrupt: broken (accepted by me)",
        "lost: broken (by its job)",
    ]
    assert "broken (accepted by me)" in report_markdown(report)
    assert "broken (accepted by me)" in report_html(report)


def steps(report: RunReport) -> list[str]:
    return [each.command for each in next_steps(report)]


def test_what_to_do_next_is_a_command() -> None:
    assert steps(of_job(exit_code=0)) == []
    assert steps(of_job(1, unwell("a", kind="timeout"))) == ["docbatch retry"]
    assert steps(of_job(1, unwell("a"))) == ["docbatch failures"]
    assert steps(accepted()) == []
    assert steps(of_job(exit_code=130)) == ["docbatch apply"]
    assert steps(full()) == [
        "docbatch apply",
        "docbatch status",
        "docbatch retry",
        "docbatch retry --class lost",
    ]


def test_a_short_run_and_one_without_an_end_are_said() -> None:
    assert "it took less than a second" in report_markdown(of_job(seconds=0.2))
    standing: Any = replace(of_job(), command="status", exit_code=None, seconds=None, sent=None)
    for text in (report_markdown(standing), report_html(standing)):
        assert "it took" not in text
        assert "exit code" not in text
    assert junit(standing).get("time") is None
    assert set(report_json(standing)["counts"]) == set(STATUSES)
