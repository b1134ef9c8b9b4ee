"""`docbatch test`: plans that are kept beside the specs, made again and compared."""

from pathlib import Path

import pytest

from docbatch.engine.administration.recorded_plans import plan_record
from tests.cli.project import JOB, Project

PAID = JOB.replace("provider: local", "provider: extend").replace("name: job", "name: paid")
PROJECT = "apiVersion: docbatch/v1\nproject: {id: pabcdef012345678}\n"
PLAN = "tests/plans/all/plan.txt"


@pytest.fixture
def tested(project: Project) -> Project:
    project.write({"docbatch.yaml": PROJECT, "in/b.txt": "two", "in/a.txt": "one"})
    project.job(PAID.replace("out/{{ doc.path }}", "paid/{{ doc.path }}"), "paid")
    return project


def read(project: Project, name: str = PLAN) -> str:
    return (project.root / name).read_text(encoding="utf-8")


def test_a_plan_is_recorded_and_stays_the_same(tested: Project) -> None:
    recorded = tested.call("test", "--update")

    assert (recorded.code, recorded.err) == (0, "")
    assert "recorded: all" in recorded.out
    assert [line[:56] for line in read(tested).splitlines()[2:]] == [
        "job job",
        "  by local: parse, config {}",
        "  priority 50",
        "  into files out/{{ doc.path }}.md (markdown)",
        "  2 documents of unknown length",
        "  + submit a.txt: text/plain, 3 bytes",
        "      → out/a.txt.md",
        "  + submit b.txt: text/plain, 3 bytes",
        "      → out/b.txt.md",
        "",
        "job paid",
        "  by extend: parse, config {}",
        "  priority 50",
        "  into files paid/{{ doc.path }}.md (markdown)",
        "  2 documents of unknown length",
        "  at least 0.05 USD (at least 4 credits)",
        "  what failed pages and documents that are sent again ar",
        "  caution: config.engineVersion is latest, which Extend ",
        "  + submit a.txt: text/plain, 3 bytes",
        "      → paid/a.txt.md",
        "  + submit b.txt: text/plain, 3 bytes",
        "      → paid/b.txt.md",
        "",
        "Will send 4 documents, 12 B, to 'extend', 'local': charg",
    ]
    before = (tested.root / PLAN).stat()
    again = tested.call("test")
    assert (again.code, again.out) == (0, "same: all\n\n1 plan: 1 as recorded, 0 not\n")
    tested.call("test", "--update")
    assert (tested.root / PLAN).stat() == before


def test_nothing_but_the_plan_is_written(tested: Project) -> None:
    before = set(tested.root.rglob("*"))
    tested.call("test", "--update")
    tested.call("test")

    assert {str(path.relative_to(tested.root)) for path in set(tested.root.rglob("*")) - before} == {
        "tests", "tests/plans", "tests/plans/all", PLAN,
    }  # fmt: skip


def test_what_a_change_does_is_shown(tested: Project) -> None:
    tested.call("test", "--update")
    tested.job(JOB.replace("out/{{ doc.path }}.md", "out/{{ doc.stem }}.md").replace('"**/*"', '"a*"'))

    ended = tested.call("test")

    assert ended.code == 1
    shown = [line for line in ended.out.splitlines() if line.startswith(("+", "-"))]
    assert shown[:2] == ["--- all (recorded)", "+++ all (now)"]
    assert "-      → out/a.txt.md" in shown
    assert "+      → out/a.md" in shown
    assert "-  + submit b.txt: text/plain, 3 bytes" in shown
    assert tested.call("test", "--update").code == 0
    assert tested.call("test").code == 0


def test_what_was_processed_plays_no_part(tested: Project) -> None:
    (tested.root / "jobs/paid.yaml").unlink()
    tested.call("test", "--update")
    tested.applied()

    assert tested.call("test").code == 0


def test_documents_of_a_case_stand_for_those_of_the_sources(tested: Project) -> None:
    tested.write(
        {"tests/plans/few/documents/in/only.txt": "x", "tests/plans/none/documents/other/x.txt": "x"}
    )

    assert tested.call("test", "--update").code == 0

    assert "+ submit only.txt" in read(tested, "tests/plans/few/plan.txt")
    assert "a.txt" not in read(tested, "tests/plans/few/plan.txt")
    assert read(tested, "tests/plans/none/plan.txt").count("no documents") == 2
    assert not (tested.root / PLAN).exists()


def test_a_case_without_a_plan_differs(tested: Project) -> None:
    tested.write({"tests/plans/few/documents/in/only.txt": "x"})

    ended = tested.call("test")

    assert ended.code == 1
    assert "new: few" in ended.out


def test_documents_of_a_case_that_a_source_would_read_are_refused(tested: Project) -> None:
    tested.job(
        JOB.replace('root: in\n  include: "**/*"', 'root: .\n  include: "**/*.txt"\n  exclude: "out/**"')
    )
    tested.write({"tests/plans/few/documents/in/only.txt": "x"})

    ended = tested.call("test", "--update")

    assert ended.code == 64
    assert "is read as a document by the source of job 'job': apply would send it" in ended.err
    assert not (tested.root / "tests/plans/few/plan.txt").exists()


def test_identical_documents_are_sent_once(tested: Project) -> None:
    tested.write({"in/c.txt": "one"})

    tested.call("test", "--update")

    assert "  + submit c.txt: text/plain, 3 bytes; sent once with a.txt of job 'job'" in read(tested)


def test_of_many_documents_a_digest_tells(tested: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_record, "MOST_NAMED", 1)
    tested.call("test", "--update")

    assert "and 1 more document, of the digest " in read(tested)
    assert "b.txt" not in read(tested)
    tested.write({"in/b.txt": "ten"})
    assert tested.call("test").code == 0
    tested.write({"in/b.txt": "eleven"})
    assert tested.call("test").code == 1


ROWS = """sink:
  - {type: sqlite, path: out/a.db, table: t, rows: page, columns: {file: "{{ doc.path }}"}}
"""
LINES = "sink:\n  - {type: jsonl, path: out/a.jsonl}\n"
WITHOUT = JOB.partition("sink:")[0]
FORMS = {
    "a format": (JOB, JOB.replace("format: markdown", "format: text")),
    "pictures": (JOB, f"{JOB}    pictures: none\n"),
    "a template": (JOB, JOB.replace("doc.path }}", "doc.name }}")),
    "a label": (JOB, f"{JOB}labels: {{team: finance}}\n"),
    "rows": (WITHOUT + ROWS, (WITHOUT + ROWS).replace("rows: page", "rows: block")),
    "a column": (WITHOUT + ROWS, (WITHOUT + ROWS).replace("file:", "name:")),
    "a table": (WITHOUT + ROWS, (WITHOUT + ROWS).replace("table: t", "table: u")),
    "failures": (WITHOUT + LINES, (WITHOUT + LINES).replace("a.jsonl", "a.jsonl, failures: true")),
}


@pytest.mark.parametrize(("before", "after"), FORMS.values(), ids=FORMS)
def test_a_plan_says_in_which_form_results_are_written(tested: Project, before: str, after: str) -> None:
    (tested.root / "jobs/paid.yaml").unlink()
    tested.job(before)
    tested.call("test", "--update")
    tested.job(after)

    ended = tested.call("test")

    assert (ended.code, "differs: all" in ended.out) == (1, True), ended.err


def test_what_apply_would_refuse_is_recorded(tested: Project) -> None:
    tested.job(JOB.replace("out/{{ doc.path }}.md", "out/{{ doc.suffix }}.md"))

    assert tested.call("test", "--update").code == 0
    assert "apply would refuse this, with exit code 6" in read(tested)


def test_a_project_that_is_not_trusted_is_tested_the_same(tested: Project) -> None:
    tested.call("test", "--update")

    assert tested.call("test", "--untrusted").code == 0


def test_a_case_leads_nowhere_else(tested: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.txt").write_text("x")
    tested.write({"tests/plans/few/documents/other/x.txt": "x"})
    (tested.root / "tests/plans/few/documents/in").symlink_to(outside)

    ended = tested.call("test", "--untrusted", "--update")

    assert ended.code == 64
    assert "leads out of the project" in ended.err or "lies outside of the project" in ended.err
    assert "secret" not in ended.out


@pytest.mark.parametrize("link", ["tests/plans/all", "tests/plans", "tests", PLAN])
@pytest.mark.parametrize("trust", [[], ["--untrusted"]])
def test_no_plan_is_recorded_where_a_link_leads_out_of_the_project(
    tested: Project, tmp_path_factory: pytest.TempPathFactory, link: str, trust: list[str]
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    place = tested.root / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside / "plan.txt" if link == PLAN else outside)

    ended = tested.call("test", "--update", *trust)

    assert ended.code == 64
    assert "out of the project" in ended.err or "outside of the project" in ended.err
    assert list(outside.iterdir()) == []


def test_a_draft_that_came_with_the_checkout_is_not_written_through(
    tested: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    victim = tmp_path_factory.mktemp("outside") / "victim"
    victim.write_text("as before")
    tested.write({"tests/plans/all/documents/in/a.txt": "one"})
    (tested.root / "tests/plans/all/.plan.txt.new").symlink_to(victim)

    assert tested.call("test", "--update", "--untrusted").code == 0

    assert victim.read_text() == "as before"
    assert not (tested.root / PLAN).is_symlink()
    assert "job job" in read(tested)


def test_another_version_is_named_where_plans_differ(tested: Project) -> None:
    tested.call("test", "--update")
    plan = tested.root / PLAN
    plan.write_text(plan.read_text().replace("Made by docbatch ", "Made by docbatch 0.0.1-"))
    assert tested.call("test").code == 0
    tested.write({"in/c.txt": "three"})

    ended = tested.call("test")

    assert "A new version or new prices may be why" in ended.out
    assert "Made by docbatch 0.0.1-" in ended.out


def test_another_folder_is_tested(tested: Project) -> None:
    assert tested.call("test", "ci/plans").code == 64
    assert tested.call("test", "--update", "ci/plans").code == 0
    assert (tested.root / "ci/plans/all/plan.txt").exists()
    assert tested.call("test", "ci/plans").code == 0
    assert tested.call("test", "docbatch.yaml").code == 64


def test_paths_of_the_machine_are_not_recorded(tested: Project, tmp_path: Path) -> None:
    tested.job(
        JOB.replace("type: files", "type: jsonl")
        .replace("{{ doc.path }}.md", "all.jsonl")
        .replace("    format: markdown\n", "")
    )
    tested.call("test", "--update")

    assert str(tmp_path) not in read(tested)
    assert "  into jsonl out/all.jsonl" in read(tested)


STORED = JOB.replace("  root: in\n", "  store: lake\n  prefix: in/\n").replace("**/*", "**/*.txt")
LAKE = "stores:\n  lake: {type: s3, bucket: docs, region: eu-central-1}\n"


def test_a_bucket_is_not_asked_and_its_objects_may_be_stood_for(tested: Project) -> None:
    tested.write({"docbatch.yaml": PROJECT + LAKE, "tests/plans/without/documents/in/a.txt": "x"})
    tested.job(STORED)
    tested.write({"tests/plans/with/stores/lake/in/deep/one.txt": "one"})

    assert tested.call("test", "--update").code == 0

    stood_for = read(tested, "tests/plans/with/plan.txt")
    assert "  + submit deep/one.txt: text/plain, 3 bytes\n      → out/deep/one.txt.md\n" in stood_for
    assert read(tested, "tests/plans/without/plan.txt").startswith("#")
    without = read(tested, "tests/plans/without/plan.txt")
    assert "  into files out/{{ doc.path }}.md (markdown)\n  no documents\n" in without


def test_what_is_only_in_a_bucket_is_said_not_to_be_looked_at(tested: Project) -> None:
    tested.write({"docbatch.yaml": PROJECT + LAKE})
    tested.job(STORED)

    assert tested.call("test", "--update").code == 0
    assert "note: job 'job': " in read(tested)
    assert tested.call("test", "--untrusted").code == 0


def test_lists_are_read_and_links_are_not_looked_at(tested: Project) -> None:
    tested.job(JOB.replace('root: in\n  include: "**/*"', 'urls: ["https://example.com/a.pdf"]'))
    tested.job(
        JOB.replace("name: job", "name: piped").replace('root: in\n  include: "**/*"', 'urls_from: "-"'),
        "piped",
    )

    assert tested.call("test", "--update").code == 0
    assert "  * look a.pdf" in read(tested).replace("example.com/", "")
    assert read(tested).count("no documents") == 1
    assert tested.call("test").code == 0


def test_folders_outside_of_the_project_have_documents_in_no_case(
    tested: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "far.txt").write_text("far")
    tested.job(JOB.replace("root: in", f"root: {outside}"))

    assert tested.call("test", "--update").code == 0
    assert "+ submit far.txt" in read(tested)
    tested.write({"tests/plans/few/documents/in/a.txt": "x"})
    ended = tested.call("test")
    assert ended.code == 64
    assert "its documents lie outside of the project" in ended.err


def test_a_recorded_plan_from_windows_is_the_same(tested: Project) -> None:
    tested.call("test", "--update")
    plan = tested.root / PLAN
    plan.write_bytes(plan.read_bytes().replace(b"\n", b"\r\n"))

    assert tested.call("test").code == 0


@pytest.mark.parametrize(
    "content", [b"\x00", b"\xff\xfe\xff", b"x" * (33 << 20)], ids=["binary", "bytes", "large"]
)
def test_a_recorded_plan_that_is_none_is_told(tested: Project, content: bytes) -> None:
    tested.write({PLAN: content})

    ended = tested.call("test")

    assert ended.code == 64
    assert f"{PLAN}:" in ended.err
