"""What is paid again and what is not: identity is bytes and what is done to them, never a name."""

import pytest

from tests.cli.project import JOB, Project


def test_equal_names_in_two_folders_have_two_outputs(project: Project) -> None:
    project.write({"in/x/a.txt": "one", "in/y/a.txt": "two"})
    project.applied()

    assert project.outputs() == {"x/a.txt.md": b"one\n", "y/a.txt.md": b"two\n"}


def test_a_file_edited_in_place_is_processed_again_and_only_that(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.applied()
    project.write({"in/a.txt": "another one"})

    assert "its bytes changed" in project.call("plan").out
    assert project.applied().processed == 1
    assert project.outputs() == {"a.txt.md": b"another one\n", "b.txt.md": b"two\n"}


def test_a_file_edited_back_is_not_paid_again(project: Project) -> None:
    for text, processed in (("one", 1), ("two", 1), ("one", 0)):
        project.write({"in/a.txt": text})
        assert project.applied().processed == processed
        assert project.outputs() == {"a.txt.md": f"{text}\n".encode()}


def test_a_touched_file_is_unchanged(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    (project.root / "in/a.txt").touch()

    assert "Nothing is due." in project.call("plan").out


def test_a_path_spelled_two_ways_is_one_document(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    (project.root / "link").symlink_to("in")
    project.job(JOB.replace('include: "**/*"', 'include: ["a.txt", "./a.txt", "**/a.txt", "*.txt"]'))
    assert project.applied().processed == 1

    for root in ("./in", "in/../in", "link", str(project.root / "in")):
        project.job(JOB.replace("root: in", f"root: {root}"))
        assert "Nothing is due." in project.call("plan").out


def test_a_renamed_file_is_delivered_under_its_new_name_without_being_processed(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    (project.root / "in/a.txt").rename(project.root / "in/b.txt")

    plan = project.call("plan").out
    assert "1 to be written, free of charge: the same bytes were processed already" in plan
    assert "1 no longer found; its outputs stay" in plan
    assert project.applied().processed == 0
    assert project.outputs() == {"a.txt.md": b"one\n", "b.txt.md": b"one\n"}


def test_identical_bytes_in_two_jobs_are_processed_once_and_delivered_to_both(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/copy.txt": "one"})
    project.job(JOB.replace("name: job", "name: other").replace("out/", "other/"), "other")

    assert "Will send 1 document (3 duplicates sent once)" in project.call("plan").out
    assert project.applied().processed == 1
    assert project.outputs() == project.outputs("other") == {"a.txt.md": b"one\n", "copy.txt.md": b"one\n"}


def test_a_job_added_later_gets_what_was_paid_already(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    project.job(JOB.replace("name: job", "name: other").replace("out/", "other/"), "other")

    assert project.applied().processed == 0
    assert project.outputs("other") == {"a.txt.md": b"one\n"}


def test_the_same_bytes_under_another_config_are_another_item(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    project.job(JOB + "config: {languages: [deu]}\n")

    assert (
        'to be sent: the job\'s config changed\n      config.languages: not set → ["deu"]\n'
        in project.call("plan").out
    )
    assert 'config.languages: not set -> ["deu"]' in project.call("explain", "in/a.txt").out
    assert project.applied().processed == 1


def test_what_does_not_matter_to_the_result_costs_nothing(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    project.job(
        JOB + "config: {timeout: 60, max_memory: 1GB}\ntimeout: 2h\npriority: 3\nlabels: {team: finance}\n"
    )

    assert "Nothing is due." in project.call("plan").out


def test_another_sink_template_writes_again_free(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    project.job(JOB.replace("out/{{ doc.path }}", "new/{{ doc.stem }}"))

    assert "free of charge: its output lies elsewhere now" in project.call("plan").out
    assert project.applied().processed == 0
    assert project.outputs("new") == {"a.md": b"one\n"}


def test_another_format_writes_again_free(project: Project) -> None:
    project.write({"in/a.html": "<h1>Head</h1>"})
    project.applied()
    project.job(JOB.replace("format: markdown", "format: text"))

    assert project.applied().processed == 0
    assert project.outputs() == {"a.html.md": b"Head\n"}


def test_explain_tells_of_a_sink_that_writes_elsewhere_now(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    project.job(JOB.replace("out/", "new/"))

    told = project.call("explain", "in/a.txt").out

    assert f"output below {project.root}/new: the sink writes elsewhere now" in told


def test_every_format_of_a_plan_names_what_changed_with_its_values(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.applied()
    project.job(JOB + "config: {languages: [deu], timeout: 20}\n")

    (line,) = project.call("plan", "--format", "json").lines[0]["lines"]
    comment = project.call("plan", "--format", "markdown").out

    assert line["reason"] == "the job's config changed"
    assert line["values"] == [{"what": "config.languages", "old": "not set", "new": '["deu"]'}]
    assert "the job's config changed; config.languages: not set → " in comment


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "config: {ocr: auto}\n"),
        ("config: {ocr: auto}\n", ""),
        ("config: {ocr: auto, languages: [eng]}\n", "config: {running_lines: keep}\n"),
    ],
)
def test_a_default_that_is_written_out_is_no_change(project: Project, before: str, after: str) -> None:
    project.write({"in/a.txt": "one"})
    project.job(JOB + before)
    project.applied()
    project.job(JOB + after)

    assert "Nothing is due." in project.call("plan").out
    assert project.applied().processed == 0
    project.write({"in/b.txt": "two"})
    assert project.applied().processed == 1
    project.job(JOB + before)
    assert project.applied().processed == 0


def test_another_job_that_writes_a_default_out_gets_what_was_processed_without(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    other = JOB.replace("name: job", "name: other").replace("out/", "other/")
    project.job(other + "config: {ocr: auto}\n", "other")

    assert project.applied().processed == 0
    assert project.outputs("other") == {"a.txt.md": b"one\n"}


def test_what_is_no_default_is_a_change_all_the_same(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    project.job(JOB + "config: {running_lines: drop, ocr: auto}\n")

    told = project.call("plan").out

    assert "config.running_lines: not set → " in told
    assert project.applied().processed == 1
