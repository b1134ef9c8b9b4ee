"""`docbatch providers --prices`: every line with its date, its source and what stands in its place."""

import re

from docbatch.prices.profile import shipped
from tests.cli.project import Project

OWN = """
project: {id: pabcdef012345}
providers: {eu: {type: extend}}
prices:
  - {provider: extend, item: parse_performance, credits_per_page: 1.5, source: our contract, date: 2026-11}
  - {provider: extend, item: priority_parsing, times: [1, 1.5]}
  - {provider: extend, item: split, credits_per_page: 4}
  - {provider: extend, item: extract_light, credits_per_page: 1, batch: 0.8, off_peak: 0.5, off_peak_hours: {hours: "22:00-06:00", timezone: Asia/Tokyo}}
  - {provider: extractpage, item: parse, usd_per_1000_pages: 2.5}
  - {provider: eu, credit: 0.01}
"""


def section(told: str, name: str) -> str:
    return next(part for part in told.split("\n\n") if part.startswith(name))


def line(told: str, item: str) -> str:
    return " ".join(next(each for each in told.splitlines() if each.split()[:1] == [item]).split())


def test_every_line_has_its_price_date_and_source(project: Project) -> None:
    told = project.call("providers", "--prices").out

    assert line(section(told, "extend"), "parse_performance").startswith(
        "parse_performance 2 0.025 a page 2026-09 Ex"
    )
    assert line(section(told, "extend"), "parse_auto").startswith(
        "parse_auto 0.5 to 2 0.00625 to 0.025 a page"
    )
    assert line(section(told, "extend"), "priority_parsing").startswith(
        "priority_parsing - 2 times what others cost"
    )
    assert line(section(told, "extend"), "credit").startswith("credit - 0.0125 a credit 2026-09")
    assert line(section(told, "llamacloud"), "spreadsheet").startswith(
        "spreadsheet 1 0.00125 a sheet 2026-10"
    )
    assert line(section(told, "extractpage"), "parse").startswith(
        "parse - 0.003 a page 2026 docs.extract.page"
    )


def test_what_is_not_known_free_or_without_a_bound_is_said(project: Project) -> None:
    told = project.call("providers", "--prices").out

    assert section(told, "local") == "local: free of charge"
    assert "chart_parsing not known not known 2026-10" in line(section(told, "llamacloud"), "chart_parsing")
    assert "no upper bound: agent_usage" in told
    assert re.match(r"profile \d+ of 2026-11-28; from stored copies of public pages", told)


def test_what_a_project_says_itself_is_told_with_its_place(project: Project) -> None:
    project.write({"docbatch.yaml": OWN})
    told = project.call("providers", "--prices").out

    assert line(told, "parse_performance") == "parse_performance 1.5 0.01875 a page 2026-11 our contract"
    for place in (
        "from docbatch.yaml:5, in the place of 2 credits",
        "from docbatch.yaml:6, in the place of 2 times",
        "from docbatch.yaml:7, in the place of a price that is not known",
        "in batches 0.8 times as much",
        "in quiet hours (22:00-06:00 Asia/Tokyo) 0.5 times as much",
        "from docbatch.yaml:9, in the place of 0.003 USD",
    ):
        assert place in told
    connection = section(told, "eu (extend)")
    assert line(connection, "credit").startswith("credit - 0.01 a credit - -")
    assert line(connection, "parse_performance").startswith("parse_performance 1.5 0.015 a page")


def test_json_lines_say_the_same_in_numbers(project: Project) -> None:
    project.write({"docbatch.yaml": OWN})
    lines = project.call("providers", "--prices", "--json").lines
    found = {(each["connection"], each.get("item")): each for each in lines}

    assert {each["version"] for each in lines} == {"docbatch/prices/v1"}
    assert found["local", None] == {
        "version": "docbatch/prices/v1",
        "profile": lines[0]["profile"],
        "provider": "local",
        "connection": "local",
        "type": "provider",
        "cost": "free of charge",
    }
    own = found["extend", "parse_performance"]
    assert (own["credits"], own["usd"], own["unit"]) == ([1.5, 1.5], [0.01875, 0.01875], "page")
    assert (own["replaced_by"], own["source"], own["date"]) == ("docbatch.yaml:5", "our contract", "2026-11")
    assert found["extend", "priority_parsing"]["times"] == [1, 1.5]
    assert found["extend", "priority_parsing"]["unit"] is None
    assert found["extend", "advanced_excel_parsing"]["unit"] == "1000_cells"
    assert found["extend", "extract_light"]["off_peak_hours"] == "22:00-06:00 Asia/Tokyo"
    assert (found["extend", "extract_light"]["batch"], found["extend", "extract_light"]["off_peak"]) == (
        0.8,
        0.5,
    )
    assert found["extend", "classify"]["credits"] is found["extend", "classify"]["usd"] is None
    assert found["eu", "parse_light"]["usd"] == [0.005, 0.005]
    assert found["extend", "extraction_operator"]["unbounded"].startswith("agent_usage")
    assert len([each for each in lines if each["connection"] == each["provider"]]) == len(shipped().lines) + 1


def test_a_bad_price_is_told_where_it_stands(project: Project) -> None:
    project.write({"docbatch.yaml": OWN.replace("credit: 0.01", "credit: -1")})
    told = project.call("providers", "--prices")

    assert told.code == 64
    assert "docbatch.yaml:10:28: prices[5].credit: this must be at least 0" in told.err


def test_what_a_source_says_steers_no_terminal(project: Project) -> None:
    project.write({"docbatch.yaml": OWN.replace("our contract", '"a\\u202eb"')})

    assert "a\\u202eb" in project.call("providers", "--prices").out
