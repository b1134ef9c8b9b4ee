"""How amounts are said that are exact, estimated or not known."""

from datetime import date
from pathlib import Path

from docbatch import CostLine, CostReport, CountedAmount, LimitStanding, Spending
from docbatch.cli.cost_words import LONGEST_NAME, costs_text, limit_text
from docbatch.core.amounts import MILLION
from docbatch.core.cost_sentences import run_text
from docbatch.core.limits import Limit, Measure, Period

PAGES = CountedAmount(0, 131, 0, 131)
TOLD = Spending(
    120, PAGES, CountedAmount(262 * MILLION, 0, 0, 300 * MILLION), CountedAmount(3_275_000, 0, 0, 3_750_000)
)
ESTIMATED = Spending(20, CountedAmount(0, 44), CountedAmount(0, 88 * MILLION), CountedAmount(0, 1_100_000))
OPEN = Spending(5, CountedAmount(0, 10), CountedAmount(0, 20 * MILLION), CountedAmount(0, 250_000))
DARK = Spending(3, CountedAmount(0, 0, 3), CountedAmount(0, 0, 3), CountedAmount(0, 0, 3))

PAGE = Path(__file__).parents[2] / "docs/costs.md"
ON_THE_PAGE = """\
connection  label.team  documents  pages  credits      USD
extend      finance           120    131      262    3.275
extend      (none)             20     44     ≤ 88   ≤ 1.10
extend      (none)              5     10     ≤ 20   ≤ 0.25  reserved
total                         140    175    ≤ 350  ≤ 4.375
total                           5     10     ≤ 20   ≤ 0.25  reserved

credits: 262 as vendors told, 108 estimated at most
USD: 3.275 by what vendors told, 1.35 estimated at most
reserved: 5 documents with a vendor and not through
"""


def report(*lines: CostLine, by: tuple[str, ...] = ("job",)) -> CostReport:
    total = CostLine()
    for line in lines:
        total = CostLine(
            {}, total.charged + line.charged, total.reserved + line.reserved, total.uncertain + line.uncertain
        )
    return CostReport(by, lines, total)


def run(spending: Spending) -> str:
    return run_text(CostLine({"connection": "extend"}, spending))


def test_a_table_with_what_is_exact_estimated_and_reserved() -> None:
    by = ("connection", "label.team")
    lines = (
        CostLine(dict(zip(by, ("extend", "finance"), strict=True)), TOLD),
        CostLine(dict(zip(by, ("extend", None), strict=True)), ESTIMATED, OPEN),
    )

    assert costs_text(report(*lines, by=by)) == ON_THE_PAGE
    assert ON_THE_PAGE in PAGE.read_text(encoding="utf-8")


def test_what_is_not_known_is_a_question_mark() -> None:
    told = costs_text(report(CostLine({"job": "a"}, DARK), CostLine({"job": "b"}, TOLD + DARK))).splitlines()

    assert told[1].split() == ["a", "3", "?", "?", "?"]
    assert " ".join(told[2].split()) == "b 123 131 + ? 262 + ? 3.275 + ?"
    assert "pages: as counted before documents were sent; not known of 6 documents" in told
    assert "credits: 262 as vendors told, not known of 6 documents" in told


def test_a_group_of_which_nothing_is_through_has_one_line() -> None:
    told = costs_text(report(CostLine({"job": "a"}, reserved=OPEN, uncertain=2)))

    assert [line.split()[-1] for line in told.splitlines()[1:3]] == ["reserved", "reserved"]
    assert "not through, 2 of them held or perhaps not even there, as 'docbatch status' tells" in told


def test_without_groups_there_is_the_total() -> None:
    assert [line.split()[0] for line in costs_text(report(CostLine({}, TOLD), by=())).splitlines()[:2]] == [
        "documents",
        "total",
    ]


def test_a_long_name_is_cut() -> None:
    told = costs_text(report(CostLine({"job": "x" * 1000}, TOLD)))

    assert max(map(len, told.splitlines())) < LONGEST_NAME + 50
    assert "x" * (LONGEST_NAME - 1) + "…" in told


def test_a_name_stays_on_its_line_and_steers_nothing() -> None:
    told = costs_text(report(CostLine({"job": "a\n::error::b\x1b[2J"}, TOLD))).splitlines()

    assert told[1].startswith("a\\n::error::b\\x1b[2J  ")
    assert told[2].startswith("total ")


def test_a_run_is_told_beside_what_it_was_estimated_at() -> None:
    assert run(TOLD) == (
        "this run on extend: 120 documents, 131 pages, 262 credits (estimated at most 300), 3.275 USD (estimated at most 3.75)"
    )
    assert (
        run(ESTIMATED) == "this run on extend: 20 documents, 44 pages, at most 88 credits, at most 1.10 USD"
    )
    assert run(DARK) == "this run on extend: 3 documents"
    assert "131 pages for 120 of them, 262 credits for 120 of them, " in run(TOLD + DARK)


def limit(standing: LimitStanding) -> str:
    return limit_text(standing).partition(": ")[2]


def test_a_limit_is_told_with_what_is_left() -> None:
    pages = Limit(Period.DAY, Measure.PAGES, 100, job="a", place="jobs/a.yaml:3")
    tomorrow = date(2026, 1, 2)

    assert limit_text(LimitStanding(pages, 60, 10, 2, tomorrow)) == (
        "limit of 100 pages per day of job 'a' (jobs/a.yaml:3): 60 pages counted, 10 of that reserved,"
        " not known of 2 documents, 40 left; anew from 2026-01-02 (UTC)"
    )
    assert limit(LimitStanding(pages, 130)) == "130 pages counted, 30 over it"
    assert limit(LimitStanding(Limit(Period.RUN, Measure.PAGES, 5))) == "counted anew by each run"
