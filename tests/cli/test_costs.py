"""`docbatch costs`, what apply says that a run came to, and limits in `docbatch status`: by the real command, at two vendors."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import docbatch
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.llamacloud.service import KEY as LLAMA_KEY
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.testing.matrix import HASTE
from tests.cli.project import Ended, Project
from tests.providers.extend.project import KEY
from tests.state.older_project import put_down

DECLARED = """
project: {{id: testproject01}}
providers:
  extend:
    base_url: {extend}
    api_key: {{file: key}}
    poll: {{initial: 0.02, max: 0.05}}
    recovery: {{grace: 0.4, then: hold}}
    rates: {{requests_per_second: 2000}}
    limits: [{{per: month, documents: 4}}]
  llamacloud:
    base_url: {llamacloud}
    api_key: {{file: llama-key}}
    poll: {{initial: 0.02, max: 0.05}}
    rates: {{requests_per_second: 2000}}
limits:
  - {{per: run, documents: 100}}
  - {{per: total, credits: 25, mode: audit}}
"""
JOB = """
apiVersion: docbatch/v1
name: {name}
source: {{root: in, include: "{files}"}}
provider: {provider}
config: {config}
labels: {labels}
sink: [{{type: files, path: "out/{{{{ job.name }}}}/{{{{ doc.path }}}}.md"}}]
"""
LLAMA_CONFIG = "{parameters: {tier: agentic, version: '2026-10-16'}}"
# A label may end a line, run a formula, or steer a terminal.
HOSTILE = "=1+1 \x1b[31mred\u202e"
WRITTEN = '"=1+1 \\e[31mred\\u202e"'


@dataclass(frozen=True)
class Two:
    """A project with a job at each of two vendors: three documents of invoices, two of letters."""

    project: Project
    extend: ExtendEmulator

    @property
    def root(self) -> Path:
        return self.project.root

    def call(self, *arguments: str) -> Ended:
        return self.project.call(*arguments)

    def record(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.root / ".docbatch/state.db")) as database, database:
            database.execute(statement, values)

    def move(self, job: str, day: str) -> None:
        """Let a job's documents have been sent on another day."""
        self.record("UPDATE charge SET day = ? WHERE payer IN (SELECT id FROM payer WHERE job = ?)", day, job)

    def costs(self, *arguments: str) -> list[dict[str, Any]]:
        told = self.call("costs", "--json", *arguments)
        assert told.code == 0, told.err
        return told.lines


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with ExtendEmulator() as extend, LlamaCloud() as llamacloud:
        extend.haste = llamacloud.haste = HASTE
        project = Project(tmp_path)
        declared = DECLARED.format(extend=extend.url, llamacloud=llamacloud.url)
        project.write({"docbatch.yaml": declared, "key": KEY, "llama-key": LLAMA_KEY})
        project.write({f"in/{name}.txt": f"text {name}" for name in ("i1", "i2", "i3", "l1", "l2")})
        invoices = JOB.format(
            name="invoices", files="i*", provider="extend", config="{}", labels="{team: finance}"
        )
        letters = JOB.format(
            name="letters",
            files="l*",
            provider="llamacloud",
            config=LLAMA_CONFIG,
            labels=f"{{team: {WRITTEN}}}",
        )
        project.job(invoices, "invoices")
        project.job(letters, "letters")
        yield Two(project, extend)


@pytest.fixture
def applied(two: Two) -> Two:
    assert two.call("apply").code == 0
    return two


def table(told: Ended) -> list[list[str]]:
    """Return the cells of the lines before the first empty one."""
    assert told.code == 0, told.err
    lines = told.out.partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.split("  ") if cell] for line in lines]


def test_without_a_state_there_is_nothing_to_add_up(two: Two) -> None:
    told = two.call("costs")

    assert (told.code, told.out) == (10, "")
    assert "there is no state yet" in told.err


def test_a_run_says_what_it_sent_came_to_and_one_that_sends_nothing_says_nothing(two: Two) -> None:
    first, second = two.call("apply"), two.call("apply")

    assert "this run on extend: 3 documents, 6 credits\n" in first.out
    assert "this run on llamacloud: 2 documents, 20 credits\n" in first.out
    assert "this run" not in second.out


def test_the_outcome_as_json_has_what_was_spent(two: Two) -> None:
    first, second = two.call("apply", "--json"), two.call("apply", "--json")
    extend, llamacloud = first.lines[-1]["spent"]

    assert (extend["connection"], extend["documents"]) == ("extend", 3)
    assert (extend["credits"]["exact"], extend["credits"]["estimated"], extend["credits"]["unknown"]) == (
        6,
        0,
        0,
    )
    assert (llamacloud["connection"], llamacloud["credits"]["exact"]) == ("llamacloud", 20)
    assert second.lines[-1]["spent"] == []


def test_costs_are_told_by_job_and_in_all(applied: Two) -> None:
    told = applied.call("costs")
    rows = [[row[0], row[1], row[3]] for row in table(told)]

    assert rows == [
        ["job", "documents", "credits"],
        ["invoices", "3", "6"],
        ["letters", "2", "20"],
        ["total", "5", "26"],
    ]
    assert "credits: each vendor's own, added up\n" in told.out


def test_several_facets_nest_and_months_are_those_of_sending(applied: Two) -> None:
    applied.move("letters", "2026-01-31")
    applied.move("invoices", "2026-02-01")
    applied.record(
        "UPDATE charge SET day = '2026-01-31' WHERE item = (SELECT min(item) FROM charge WHERE day > '2026-02')"
    )

    lines = applied.costs("--by", "month", "--by", "connection")
    assert [(*line["by"].values(), line["documents"], line["credits"]["exact"]) for line in lines[:-1]] == [
        ("2026-01", "extend", 1, 2),
        ("2026-01", "llamacloud", 2, 20),
        ("2026-02", "extend", 2, 4),
    ]
    assert [line["by"] for line in applied.costs("--by", "day")[:-1]] == [
        {"day": "2026-01-31"},
        {"day": "2026-02-01"},
    ]


def test_bounds_are_days_and_months_both_included(applied: Two) -> None:
    applied.move("letters", "2026-01-31")
    applied.move("invoices", "2026-02-01")

    def documents(*arguments: str) -> int:
        return int(applied.costs(*arguments)[-1]["documents"])

    assert documents("--until", "2026-01") == documents("--until", "2026-01-31") == 2
    assert documents("--since", "2026-02") == documents("--since", "2026-02-01", "--until", "2026-02") == 3
    assert documents("--since", "2026-02-01", "--until", "2026-02-01") == 3
    assert documents("--since", "2026-01", "--until", "2026-02", "--job", "letters") == 2
    total = applied.costs("--since", "2026-01", "--until", "2026-02", "--job", "letters")[-1]
    assert (total["since"], total["until"], total["job"]) == ("2026-01-01", "2026-02-28", "letters")


def test_where_nothing_was_charged_that_is_said(applied: Two) -> None:
    told = applied.call("costs", "--until", "2020-01", "--job", "letters")

    assert told.code == 0
    assert told.out.startswith("Nothing was charged of job letters to 2020-01-31. Work that is free")
    (total,) = applied.costs("--until", "2020-01")
    assert (total["type"], total["documents"], total["reserved"]["documents"]) == ("total", 0, 0)


def test_labels_are_those_of_the_time_of_sending(applied: Two) -> None:
    spec = applied.root / "jobs/invoices.yaml"
    spec.write_text(spec.read_text().replace("team: finance", "team: sales, kind: new"))
    applied.project.write({"in/i4.txt": "one more"})
    assert applied.call("apply").code == 0

    lines = applied.costs("--by", "label.team", "--by", "label.kind")
    assert {tuple(line["by"].values()): line["documents"] for line in lines[:-1]} == {
        ("finance", None): 3,
        ("sales", "new"): 1,
        (HOSTILE, None): 2,
    }


def test_what_a_label_says_steers_no_terminal(applied: Two) -> None:
    told = applied.call("costs", "--by", "label.team")

    assert "\x1b" not in told.out + applied.call("costs", "--json", "--by", "label.team").out
    assert "\u202e" not in told.out
    assert "=1+1 \\x1b[31mred\\u202e  " in told.out


def test_json_lines_have_a_version_and_a_type(applied: Two) -> None:
    invoices, letters, total = applied.costs()

    assert {line["version"] for line in (invoices, letters, total)} == {"docbatch/costs/v1"}
    assert [line["type"] for line in (invoices, letters, total)] == ["cost", "cost", "total"]
    amounts = {"documents", "pages", "credits", "usd"}
    assert invoices.keys() == {"version", "type", "by", "reserved", *amounts}
    assert total.keys() == {*invoices, "since", "until", "job", "connections"}
    assert invoices["reserved"].keys() == {*amounts, "uncertain"}
    assert {*invoices["pages"]} == {"exact", "estimated", "unknown", "expected"}
    assert total["connections"] == ["extend", "llamacloud"]


def test_what_was_estimated_is_told_from_what_vendors_told(applied: Two) -> None:
    applied.record("UPDATE charge SET pages = 3, credits = 4000000, money = 50000")
    applied.record(
        "UPDATE submission_item SET credits = NULL WHERE item IN (SELECT item FROM charge JOIN payer ON payer.id = payer"
        " WHERE job = 'letters')"
    )
    invoices, letters, _ = applied.costs()

    assert invoices["pages"] == {"exact": 0, "estimated": 9, "unknown": 0, "expected": 9}
    assert invoices["credits"] == {"exact": 6, "estimated": 0, "unknown": 0, "expected": 12}
    # Half of the credits is half of the money.
    assert invoices["usd"] == {"exact": 0.075, "estimated": 0, "unknown": 0, "expected": 0.15}
    assert letters["credits"] == {"exact": 0, "estimated": 8, "unknown": 0, "expected": 8}
    assert letters["usd"] == {"exact": 0, "estimated": 0.1, "unknown": 0, "expected": 0.1}
    assert table(applied.call("costs"))[1:] == [
        ["invoices", "3", "9", "6", "0.075"],
        ["letters", "2", "6", "≤ 8", "≤ 0.10"],
        ["total", "5", "15", "≤ 14", "≤ 0.175"],
    ]


def test_work_that_is_held_is_reserved_and_shown_apart(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    # Without batches nobody can look for a create whose answer was lost.
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")
    two.extend.create_faults = ["lost_before"]
    assert two.call("apply").code == 4
    invoices, letters, total = two.costs()

    assert (invoices["documents"], invoices["reserved"]["documents"], invoices["reserved"]["uncertain"]) == (
        2,
        1,
        1,
    )
    assert letters["reserved"]["documents"] == 0
    assert (total["documents"], total["reserved"]["documents"]) == (4, 1)
    told = two.call("costs")
    assert [(row[0], row[1], row[-1]) for row in table(told) if row[-1] == "reserved"] == [
        ("invoices", "1", "reserved"),
        ("total", "1", "reserved"),
    ]
    assert (
        "reserved: 1 document with a vendor and not through, 1 of them held or perhaps not even there"
        in told.out
    )
    assert "3 documents counted, 1 of that reserved, 1 left" in two.call("status").out


def test_a_document_without_a_trace_is_reserved(two: Two) -> None:
    two.extend.create_faults, two.extend.dropped = ["lost"], {1}
    two.call("apply")
    invoices, _, _ = two.costs()

    assert (invoices["documents"], invoices["reserved"]["documents"], invoices["reserved"]["uncertain"]) == (
        2,
        1,
        1,
    )


def test_what_a_vendor_refused_or_a_person_found_absent_counts_for_nothing(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")
    two.extend.create_faults = ["lost_before"]
    two.call("apply")
    (held,) = [line["id"] for line in two.call("status", "--json").lines if line["type"] == "submission"]
    assert two.call("resolve", held, "--absent").code == 0

    assert [line["documents"] + line["reserved"]["documents"] for line in two.costs()] == [2, 2, 4]


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("--by", "jobs"), "costs cannot be told by 'jobs'", "did you mean job?"),
        (("--by", "label."), "costs cannot be told by 'label.'", "label.NAME, as in label.team"),
        (("--since", "2026-13"), "since is '2026-13', which is no day", "write 2026-01-15, or 2026-01"),
        (("--until", "soon"), "until is 'soon', which is no day", "write 2026-01-15, or 2026-01"),
        (
            ("--since", "2026-02", "--until", "2026-01"),
            "there is no day from 2026-02-01 to 2026-01-31",
            "comes before",
        ),
        (("--job", "none"), "the state knows no job 'none'", "it knows invoices, letters"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_hint(
    applied: Two, arguments: tuple[str, ...], message: str, hint: str
) -> None:
    told = applied.call("costs", *arguments)

    assert (told.code, told.out) == (64, "")
    assert message in told.err
    assert hint in told.err


def test_status_shows_how_limits_stand(applied: Two) -> None:
    applied.record("UPDATE charge SET day = '2035-05-31'")
    told = applied.call("status").out

    assert (
        "limit of 4 documents per month of connection 'extend' (docbatch.yaml:10): 3 documents counted, 1 left;"
        " anew from 2035-06-01 (UTC)\n" in told
    )
    assert (
        "limit of 100 documents per run of the project (docbatch.yaml:17): counted anew by each run\n" in told
    )
    assert (
        "limit of 25 credits in all of the project (docbatch.yaml:18), which only reports: 26 credits counted, 1 over it\n"
        in told
    )
    assert "'extend'" not in applied.call("status", "letters").out


def test_status_as_json_has_the_limits(applied: Two) -> None:
    applied.record("UPDATE charge SET day = '2035-05-31'")
    limits = [line for line in applied.call("status", "--json").lines if line["type"] == "limit"]

    assert [(each["per"], each["measure"], each["spent"], each["left"]) for each in limits] == [
        ("run", "documents", 0, 100),
        ("total", "credits", 26, 0),
        ("month", "documents", 3, 1),
    ]
    assert (limits[2]["connection"], limits[2]["until"]) == ("extend", "2035-06-01")
    assert (limits[1]["mode"], limits[1]["place"]) == ("audit", "docbatch.yaml:18")


def test_specs_that_cannot_be_read_do_not_keep_status_from_the_rest(applied: Two) -> None:
    applied.project.write({"jobs/more.yaml": "name: ["})
    told = applied.call("status")

    assert told.code == 0
    assert "limit of 4 documents per month of connection 'extend'" in told.out
    assert (
        "limits of jobs cannot be read: 1 problem in the specs; 'docbatch validate' lists them\n" in told.out
    )
    assert {"version": "docbatch/status/v1", "type": "limits_unread",
            "message": "limits of jobs cannot be read: 1 problem in the specs"} in applied.call("status", "--json").lines  # fmt: skip


def test_programs_have_typed_values(applied: Two) -> None:
    project = docbatch.open_project(applied.root)
    report = project.costs(("connection",), since="2020-01")

    assert [(line.by["connection"], line.charged.credits.exact) for line in report.lines] == [
        ("extend", 6_000_000),
        ("llamacloud", 20_000_000),
    ]
    assert report.total.charged.documents == 5
    assert project.costs((), until=report.since).lines == ()
    assert [standing.left for standing in project.status("letters").limits] == [100, 0]


def test_a_state_of_an_older_version_counts_documents_and_no_more(tmp_path: Path) -> None:
    put_down(tmp_path / "project", "open6")
    told = Project(tmp_path / "project").call("costs", "--json", "--by", "job", "--by", "label.team")
    line, total = told.lines

    assert line["by"] == {"job": "job", "label.team": None}
    assert line["documents"] > 0
    assert line["reserved"]["uncertain"] == 1
    assert line["pages"]["unknown"] == line["documents"]
    assert total["documents"] == line["documents"]
