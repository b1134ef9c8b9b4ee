"""A document that is no longer found stays in the file of its job, as it stays in a file of its own."""

import json
from pathlib import Path

import pytest

from docbatch.state.store import Store
from tests.cli.project import JOB, Project
from tests.kept_results import kept_results, packs

SINKS = """
sink:
  - {type: jsonl, path: out/all.jsonl}
  - {type: sqlite, path: out/all.db}
  - {type: files, path: "out/{{ doc.path }}.md"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write({f"in/{name}.txt": f"text {name}" for name in "abc"})
    made.job(JOB.partition("sink:")[0] + SINKS.lstrip())
    made.applied()
    return made


def lines(project: Project, name: str = "all.jsonl") -> dict[str, str]:
    found = [json.loads(line) for line in project.outputs()[name].splitlines()]
    assert [each["document"]["path"] for each in found] == sorted(each["document"]["path"] for each in found)
    return {each["document"]["path"]: each["text"].strip() for each in found}


def test_the_line_of_a_removed_document_stays(project: Project) -> None:
    before = project.outputs()
    (project.root / "in/b.txt").unlink()

    assert "their outputs stay" in project.call("plan").out or "its outputs stay" in project.call("plan").out
    project.applied()

    after = project.outputs()
    assert after["all.jsonl"] == before["all.jsonl"]
    assert after["b.txt.md"] == before["b.txt.md"]
    assert project.call("plan", "--detailed-exitcode").code == 0


def test_it_stays_when_the_file_is_written_again(project: Project) -> None:
    (project.root / "in/b.txt").unlink()
    project.applied()
    project.write({"in/d.txt": "text d"})
    (project.root / "out/all.jsonl").unlink()
    project.applied()
    project.write({"out/all.jsonl": "cut", "in/e.txt": "text e"})
    project.applied()

    assert lines(project) == {f"{name}.txt": f"text {name}" for name in "abcde"}


def test_a_document_that_comes_back_has_one_line_and_its_new_text(project: Project) -> None:
    (project.root / "in/b.txt").unlink()
    project.applied()
    project.write({"in/b.txt": "another text"})
    project.applied()
    assert lines(project)["b.txt"] == "another text"

    (project.root / "in/b.txt").unlink()
    project.applied()

    assert lines(project) == {"a.txt": "text a", "b.txt": "another text", "c.txt": "text c"}


def test_a_file_that_begins_elsewhere_has_the_documents_of_today(project: Project) -> None:
    (project.root / "in/b.txt").unlink()
    project.applied()
    project.job(JOB.partition("sink:")[0] + SINKS.lstrip().replace("all.jsonl", "new.jsonl"))
    project.applied()

    assert lines(project, "new.jsonl").keys() == {"a.txt", "c.txt"}
    assert lines(project).keys() == {"a.txt", "b.txt", "c.txt"}


def test_lines_stay_where_a_job_was_away_for_a_while(project: Project) -> None:
    spec = (project.root / "jobs/job.yaml").read_text()
    (project.root / "in/b.txt").unlink()
    project.job(spec.replace("name: job", "name: other").replace("out/", "elsewhere/"), "other")
    (project.root / "jobs/job.yaml").unlink()
    project.call("apply")
    project.job(spec)
    project.applied()

    assert lines(project) == {f"{name}.txt": f"text {name}" for name in "abc"}


def test_a_line_whose_result_is_gone_leaves_the_file_and_says_so_once(project: Project) -> None:
    (project.root / "in/b.txt").unlink()
    project.applied()
    texts = {path: path.read_bytes() for path in packs(project.root / ".docbatch")}
    for path in texts:
        path.unlink()
    (project.root / "out/all.jsonl").unlink()
    ended = project.call("apply")
    assert "b.txt: it leaves the file of job 'job'" in ended.out + ended.err
    for path, content in texts.items():
        path.write_bytes(content)

    told = project.applied()

    assert "b.txt" not in told.err
    assert lines(project).keys() == {"a.txt", "c.txt"}


def damage(project: Project, name: bytes) -> None:
    """Damage the result of a document that was removed."""
    with Store.readable(project.root / ".docbatch") as store:
        (wanted,) = {result for _, path, result in store.deliveries.lines_kept() if path == name}
    (kept,) = (each for each in kept_results(project.root / ".docbatch") if each.digest == wanted)
    content = bytearray(kept.read_bytes())
    content[-1] ^= 0x55
    kept.write_bytes(bytes(content))


def test_a_damaged_result_that_only_a_line_needs_is_named_and_comes_back_with_its_document(
    project: Project,
) -> None:
    before = project.outputs()
    (project.root / "in/b.txt").unlink()
    project.applied()
    assert project.call("state", "check").code == 0
    damage(project, b"b.txt")

    checked = project.call("state", "check", "--repair")
    (told,) = [line for line in checked.out.splitlines() if "the stored result" in line]

    assert checked.code == 1
    assert told.startswith("job 'job', b.txt: ")
    project.write({"in/b.txt": "text b"})
    project.applied()
    assert project.call("state", "check").code == 0
    assert project.outputs() == before


def declare(project: Project, *kinds: str, to: str) -> None:
    columns = 'columns: {amount: {value: "{{ row.text }}", type: ' + to + "}}"
    sinks = "".join(f"  - {{type: {kind}, path: out/{kind}, {columns}}}\n" for kind in kinds)
    project.job(JOB.partition("sink:")[0] + "sink:\n" + sinks)


def test_what_cannot_be_cast_is_told_once_for_all_sinks_and_as_what_it_is(project: Project) -> None:
    project.write({"in/a.txt": "1", "in/b.txt": "2", "in/c.txt": "1,5"})
    declare(project, "jsonl", "sqlite", "parquet", to="text")
    project.applied()

    declare(project, "jsonl", "sqlite", "parquet", to="number")
    ended = project.call("apply")

    assert ended.code == 1
    assert "c.txt: sink sqlite out/sqlite: column amount: '1,5' is no number" in ended.err
    assert ended.err.count("is no number") == 1
    for kind in ("jsonl", "parquet"):
        assert f"sink {kind} out/{kind}: 1 document not written either, for the same reasons" in ended.err
    assert "the sink is new" not in project.call("plan").out
    declare(project, "jsonl", "sqlite", "parquet", to="integer")
    told = project.call("plan", "--verbose").out
    assert "the sink is new" not in told
    assert "its result is not written yet" in told


def test_the_line_of_a_removed_document_that_cannot_be_made_goes_and_is_told_once(project: Project) -> None:
    project.write({"in/a.txt": "1", "in/b.txt": "2", "in/c.txt": "1,5"})
    declare(project, "jsonl", to="text")
    project.applied()
    declare(project, "jsonl", to="number")
    assert project.call("apply").code == 1
    (project.root / "in/c.txt").unlink()

    ended = project.call("apply")

    assert ended.code == 0
    assert "c.txt: it is not kept in the file of job 'job': its document is no longer found" in ended.err
    assert [json.loads(line)["path"] for line in project.outputs()["jsonl"].splitlines()] == [
        "a.txt",
        "b.txt",
    ]
    again = project.call("apply")
    assert (again.code, again.err) == (0, "")
    assert "Nothing is due" in again.out
