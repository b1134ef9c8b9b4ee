"""Which documents a source takes and what is known of them, by the real command: free to change, and never a second payment."""

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any
from unittest import mock

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from tests.cli.project import Project
from tests.cli.site import Site
from tests.counting.countable import paged_pdf
from tests.providers.extend.project import extend_project

JOB = """
apiVersion: docbatch/v1
name: job
labels: {{desk: a}}
source: {source}
sink:
  - {{type: files, path: "{path}"}}
  - {{type: jsonl, path: "rows.jsonl"}}
"""
FILES = {"in/2025/acme/a.txt": "apple", "in/2025/acme/b.txt": "berry!", "in/2026/beta/c.txt": "cherry"}
BY_CUSTOMER = "out/{{{{ doc.metadata.customer | default('none') }}}}/{{{{ doc.name }}}}.md"


def declared(project: Project, words: str = "", path: str = BY_CUSTOMER) -> None:
    source = f'{{root: in, include: "**/*"{f", {words}" if words else ""}}}'
    project.job(JOB.format(source=source, path=path.format()))


def planned(project: Project) -> dict[str, Any]:
    ended = project.call("plan", "--format", "json")
    (plan,) = ended.lines
    assert isinstance(plan, dict)
    return plan


def columns(project: Project) -> dict[str, dict[str, str]]:
    lines = map(json.loads, (project.root / "rows.jsonl").read_text().splitlines())
    return {line["document"]["path"]: line["columns"] for line in lines}


def sent(project: Project) -> int:
    """Apply and say how many documents went to the provider."""
    return project.applied().processed


@pytest.fixture
def files(project: Project) -> Project:
    project.write(FILES)
    return project


def test_what_is_known_of_documents_is_in_paths_and_rows_and_changing_it_is_free(files: Project) -> None:
    files.write({"meta.csv": "path,team\n2025/**,red\n2025/acme/b.txt,blue\n"})
    declared(files, 'metadata_path: "{year}/{customer}/*", metadata_from: meta.csv')

    assert sent(files) == 3
    assert sorted(files.outputs()) == ["acme/a.txt.md", "acme/b.txt.md", "beta/c.txt.md"]
    assert columns(files) == {
        "2025/acme/a.txt": {"year": "2025", "customer": "acme", "team": "red"},
        "2025/acme/b.txt": {"year": "2025", "customer": "acme", "team": "blue"},
        "2026/beta/c.txt": {"year": "2026", "customer": "beta"},
    }
    before = files.outputs()

    files.write({"meta.csv": "path,team,customer\n2025/**,green,\n2025/acme/b.txt,,zeta\n"})

    assert planned(files)["send_documents"] == 0
    assert sent(files) == 0
    assert files.outputs() == {**before, "zeta/b.txt.md": before["acme/b.txt.md"]}
    assert columns(files)["2025/acme/a.txt"]["team"] == "green"
    assert columns(files)["2025/acme/b.txt"] == {"year": "2025", "customer": "zeta", "team": "green"}
    assert not planned(files)["has_changes"]


def test_a_line_about_nothing_is_told_in_every_plan(files: Project) -> None:
    files.write({"meta.csv": "path,team\nnone.txt,red\n**,x\n"})
    declared(files, "metadata_from: meta.csv")
    told = "meta.csv: no document is meant by line 2 (none.txt)"

    assert told in files.call("plan").out
    assert any(told in note for note in planned(files)["notes"])
    assert told in files.call("plan", "--format", "markdown").out


def test_a_document_without_what_a_path_needs_stops_the_plan(files: Project) -> None:
    declared(
        files,
        'metadata_path: "2025/{customer}/*"',
        "out/{{{{ doc.metadata.customer }}}}/{{{{ doc.name }}}}.md",
    )

    ended = files.call("apply")

    assert (ended.code, "2026/beta/c.txt" in ended.err, "customer" in ended.err) == (64, True, True)
    assert files.outputs() == {}


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("where: {size: {min: 6}}", ["a"]),
        ("where: {size: {max: 0.005kB}}", ["b", "c"]),
        ("where: {type: pdf}", ["a", "b", "c"]),
        ("where: {modified: {before: '2026-01-01'}}", ["c"]),
        ("where: {modified: {after: '2026-01-01T00:00Z', before: '2027-01-01'}}", ["a", "b"]),
        ("metadata_path: '{year}/{customer}/*', where: {metadata: {customer: [beta, zeta]}}", ["a", "b"]),
        ("metadata_path: '{year}/{customer}/*', where: {metadata: {year: 2025, customer: acme}}", ["c"]),
    ],
)
def test_what_is_left_out_counts_as_not_there_and_coming_back_is_free(
    files: Project, words: str, left: Sequence[str]
) -> None:
    for name in FILES:
        at = 1_767_225_600 if "c.txt" in name else 1_767_225_599
        os.utime(files.root / name, (at, at))
    path = "out/{{{{ doc.path }}}}.md"
    declared(files, path=path)
    assert sent(files) == 3
    before = files.outputs()

    declared(files, words if len(left) < 3 else f"{words}, allow_empty: true", path)
    plan = planned(files)

    (rest,) = plan["not_due"]
    assert (plan["found"], rest["filtered"], plan["send_documents"]) == (3 - len(left), len(left), 0)
    assert f"where leaves out {len(left)} document" in files.call("plan").out
    assert sent(files) == 0
    assert files.outputs().keys() >= before.keys()
    assert files.call("apply").code == 0
    gone = next(name for name in FILES if f"{left[0]}.txt" in name)
    assert files.call("explain", gone).code == 0
    declared(files, path=path)
    assert sent(files) == 0
    assert sorted(columns(files)) == sorted(name.removeprefix("in/") for name in FILES)


def test_why_a_document_is_left_out_is_explained(files: Project) -> None:
    declared(files, "where: {size: {max: 5}}")
    never = files.call("explain", "in/2025/acme/b.txt")

    assert (never.code, "where leaves it out: it has 6 B" in never.err) == (64, True)
    declared(files)
    sent(files)
    declared(files, "where: {size: {max: 5}}")
    assert "where leaves it out: it has 6 B" in files.call("explain", "in/2025/acme/b.txt").out


def test_leaving_out_everything_is_refused(files: Project) -> None:
    declared(files)
    sent(files)
    declared(files, "where: {size: {min: 1MB}}")

    ended = files.call("apply")

    assert (ended.code, "where leaves out 3 documents" in ended.err) == (6, True)
    assert len(files.outputs()) == 3


def test_pages_are_counted_once_and_what_has_none_is_taken(project: Project) -> None:
    project.write(
        {
            "in/two.pdf": paged_pdf(2),
            "in/nine.pdf": paged_pdf(9),
            "in/twin.pdf": paged_pdf(9),
            "in/a.txt": "text",
        }
    )
    declared(project, "where: {pages: {max: 5}}", "out/{{{{ doc.path }}}}.md")

    plan = planned(project)
    (rest,) = plan["not_due"]

    assert (plan["found"], rest["filtered"]) == (2, 2)
    assert any("the pages of 1 document cannot be counted, such as a.txt" in note for note in plan["notes"])
    assert sent(project) == 2
    assert sorted(project.outputs()) == ["a.txt.md", "two.pdf.md"]
    with mock.patch(
        "docbatch.engine.planning.selection.count_pages.CountingPool", side_effect=AssertionError
    ):
        assert planned(project)["found"] == 2
    declared(project, "where: {pages: {min: 6}}", "out/{{{{ doc.path }}}}.md")
    assert sent(project) == 1
    declared(project, "", "out/{{{{ doc.path }}}}.md")
    assert sent(project) == 0


def test_a_sample_says_of_how_many_it_is_and_growing_it_sends_the_rest_alone(project: Project) -> None:
    project.write({f"in/{number:02}.txt": f"number {number}" for number in range(20)})
    declared(project, "sample: 5", "out/{{{{ doc.path }}}}.md")

    assert planned(project)["not_due"][0]["sample"] == [5, 20]
    assert "a sample of 5 of 20 documents" in project.call("plan").out
    assert sent(project) == 5
    first = set(project.outputs())
    declared(project, "sample: 8", "out/{{{{ doc.path }}}}.md")
    assert sent(project) == 3
    assert first < set(project.outputs())
    declared(project, "", "out/{{{{ doc.path }}}}.md")
    assert sent(project) == 12


def test_a_file_of_lines_leaves_files_out_and_its_change_is_noticed(files: Project) -> None:
    declared(files)
    files.write({"in/.docbatchignore": "b.*\nbeta/\n"})

    assert "note: job 'job': .docbatchignore leaves out 1 file and 1 folder" in files.call("plan").out
    assert sent(files) == 1
    told = files.call("explain", "in/2026/beta/c.txt")
    assert (told.code, "line 2 of .docbatchignore leaves it out" in told.err) == (64, True)
    files.write({"in/.docbatchignore": "b.*\n"})
    assert sent(files) == 1
    files.write({"in/2026/.docbatchignore": "*\n"})
    assert "no longer found" in files.call("plan").out
    (files.root / "in/.docbatchignore").unlink()
    (files.root / "in/2026/.docbatchignore").unlink()
    assert sent(files) == 1
    assert not planned(files)["has_changes"]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        yield made
        assert made.errors == []


def test_of_a_list_what_names_leave_out_is_not_even_looked_at(project: Project, site: Site) -> None:
    urls = [site.put(f"/{number}.txt", f"number {number}", f'"{number}"') for number in range(6)]
    lines = [
        json.dumps({"url": url, "team": "even" if number % 2 == 0 else "odd"})
        for number, url in enumerate(urls)
    ]
    project.write({"links.jsonl": "\n".join(lines)})

    def listed(words: str) -> None:
        source = f"{{urls_from: links.jsonl, allow_private: true, {words}}}"
        project.job(JOB.format(source=source, path="out/{{ doc.metadata.team }}/{{ doc.name }}.md"))

    listed("where: {metadata: {team: even}}, sample: 2")
    assert sent(project) == 2
    assert len({each.split()[-1] for each in site.asked()}) == 2
    assert (
        len(project.outputs()) == len([name for name in project.outputs() if name.startswith("even/")]) == 2
    )
    plan = planned(project)
    assert (plan["not_due"][0]["filtered"], plan["not_due"][0]["sample"]) == (3, [2, 3])
    listed("where: {size: {max: 100}, metadata: {team: even}}")
    assert sent(project) == 1
    listed("where: {metadata: {team: even}}, sample: 2")
    assert sent(project) == 0
    left = next(url for number, url in enumerate(urls) if number % 2)
    assert "where leaves it out: doc.metadata.team is 'odd'" in project.call("explain", left).err


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as made:
        yield made
        assert made.errors == []


def uploads(vendor: ExtendEmulator) -> int:
    return len([request for request in vendor.requests if request.path == "/files/upload"])


def test_nothing_is_paid_twice_whatever_is_left_out_and_taken_again(
    project: Project, vendor: ExtendEmulator
) -> None:
    everything = '{root: in, include: "**/*"}'
    narrow = '{root: in, include: "**/*", where: {size: {max: 37}}, metadata_path: "{name}.txt"}'

    extend_project(project.root, vendor, source=narrow)
    project.applied()
    some = uploads(vendor)
    extend_project(project.root, vendor, source=everything)
    project.applied()
    all_of_them = uploads(vendor)
    for source in (narrow, everything, everything.replace("}", ", sample: 1}"), everything):
        extend_project(project.root, vendor, source=source)
        assert project.applied().processed == 0

    assert (0 < some < all_of_them, uploads(vendor)) == (True, all_of_them)


def test_of_a_repository_of_others_lists_lie_within_it(files: Project) -> None:
    files.write({"../meta.csv": "path,team\n**,x\n"})
    declared(files, "metadata_from: ../meta.csv")

    assert files.call("plan").code == 0
    refused = files.call("plan", "--untrusted")
    assert (refused.code, "this lies outside of the project" in refused.err) == (64, True)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "meta.csv",
            "path,team\na.txt,x\nb.txt,y\na.txt,z\n",
            "meta.csv:4: the path 'a.txt' is that of line 2 as well",
        ),
        (
            "meta.csv",
            "path,team\na.txt,x\n./a.txt,z\n",
            "meta.csv:3: the path './a.txt' is that of line 2 as well",
        ),
        ("meta.csv", "team\nx\n", "meta.csv:1: the list has no column path"),
        ("meta.csv", "path,team\n,x\n", "meta.csv:2: the column path is empty here"),
        ("meta.csv", "path,team\n/a,x\n../b,y\n", "meta.csv:2: the path is absolute"),
        ("meta.csv", "path,team\n" + "{a,b,c,d,e,f}" * 4 + ",x\n", "meta.csv:2:"),
        (
            "meta.jsonl",
            '{"path": "a", "team": [1]}\n',
            "meta.jsonl:1: the column 'team' holds neither text nor a number",
        ),
        ("meta.txt", "a.txt\n", "meta.txt: what form the list has cannot be told (name it *.csv, *.jsonl"),
        ("none.csv", None, "the file cannot be read: No such file"),
        ("meta.csv", b"path\n\xff\n", "meta.csv:2: this is not UTF-8 text"),
    ],
)
def test_what_is_wrong_with_a_list_is_told_with_its_line(
    files: Project, name: str, content: str | bytes | None, words: str
) -> None:
    if content is not None:
        files.write({name: content})
    declared(
        files,
        f"metadata_from: {name}, where: {{metadata: {{team: x}}}}",
        "out/{{{{ doc.metadata.team }}}}/{{{{ doc.path }}}}.md",
    )

    ended = files.call("validate")

    assert (ended.code, words in ended.err) == (64, True), ended.err
    assert "no document has" not in ended.err


def test_an_output_goes_back_to_where_it_lay_before_and_what_lies_there_is_known_as_ours(
    files: Project,
) -> None:
    declared(files, "metadata_from: meta.csv")
    for customer in ("acme", "beta", "gamma", "acme", "beta"):
        files.write({"meta.csv": f"path,customer\n**,{customer}\n"})
        assert files.call("apply", "--yes").code == 0
    assert sorted({name.partition("/")[0] for name in files.outputs()}) == ["acme", "beta", "gamma"]
    assert "6 outputs that nothing wants any more are not compared" in files.call("drift").out
    assert files.call("prune", "--dry-run").out.count("its document's output lies elsewhere now") == 7

    files.write({"out/acme/a.txt.md": "edited", "meta.csv": "path,customer\n**,acme\n"})
    assert files.call("apply", "--yes").code == 0
    assert files.outputs()["acme/a.txt.md"] == b"apple\n"
    assert [each.read_text() for each in (files.root / ".docbatch/trash").glob("*a.txt.md")] == ["edited"]


def test_what_others_put_where_an_output_is_to_go_is_still_refused(files: Project) -> None:
    declared(files, "metadata_from: meta.csv")
    for customer, code in (("acme", 0), ("beta", 0), ("gamma", 6)):
        files.write({"meta.csv": f"path,customer\n**,{customer}\n", "out/gamma/a.txt.md": "not ours"})
        assert files.call("apply", "--yes").code == code
