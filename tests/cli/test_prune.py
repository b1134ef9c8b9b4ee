"""`docbatch prune`: what nothing wants any more goes to the trash, and nothing else does."""

import errno
import os
import random
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from docbatch.engine.administration.outputs.prune_outputs import PruneOrder, prune
from docbatch.engine.administration.outputs.pruned_stores import PrunedStores
from docbatch.engine.administration.outputs.restore_outputs import restore
from docbatch.engine.administration.outputs.trash_batches import TrashBatch, begin
from docbatch.testing.tripwire import Killed, Tripwire, wired
from tests.cli.project import JOB, Ended, Project

DEEP = JOB.replace("out/{{ doc.path }}", "out/{{ doc.parent }}/{{ doc.name }}")


@pytest.fixture(scope="module")
def once_applied(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("applied"))
    made.write({f"in/{part}/{name}.txt": f"text {part} {name}" for part in ("x", "y") for name in range(6)})
    made.job(DEEP)
    made.applied()
    return made.kept()


@pytest.fixture
def project(once_applied: Project) -> Project:
    return once_applied.put_back()


def removed(project: Project, *names: str) -> None:
    for name in names:
        (project.root / "in" / name).unlink()
    project.applied()


def pruned(project: Project, *arguments: str) -> dict[str, Any]:
    ended = project.call("prune", "--json", *arguments)
    assert ended.code == 0, ended.err
    summary: dict[str, Any] = ended.lines[-1]
    assert summary["type"] == "summary"
    return summary


def test_outputs_of_removed_documents_go_and_come_back(project: Project) -> None:
    before = project.outputs()
    modes = {path.name: path.stat().st_mode for path in (project.root / "out").rglob("*.md")}
    removed(project, "x/0.txt", "x/1.txt")

    assert pruned(project, "--dry-run")["removed"] == 2
    assert project.outputs() == before
    assert pruned(project)["removed"] == 2
    assert set(before) - set(project.outputs()) == {"x/0.txt.md", "x/1.txt.md"}
    assert pruned(project)["removed"] == 0

    assert project.call("prune", "--restore").code == 0
    assert project.outputs() == before
    assert {path.name: path.stat().st_mode for path in (project.root / "out").rglob("*.md")} == modes
    assert project.call("drift").code == 0
    assert pruned(project)["removed"] == 2


def test_a_document_that_comes_back_has_its_output_written_again(project: Project) -> None:
    text = (project.root / "in/x/0.txt").read_text()
    before = project.outputs()
    removed(project, "x/0.txt")
    pruned(project)
    project.write({"in/x/0.txt": text})

    assert project.applied().processed == 0
    assert project.outputs() == before


def test_what_was_edited_stays_and_is_named(project: Project) -> None:
    removed(project, "x/0.txt", "x/1.txt", "x/2.txt")
    (project.root / "out/x/0.txt.md").write_text("mine now")
    kept = project.root / "out/x/1.txt.md"
    status = kept.stat()
    kept.write_bytes(kept.read_bytes().swapcase())
    os.utime(kept, ns=(status.st_atime_ns, status.st_mtime_ns))

    ended = project.call("prune")

    assert ended.code == 0
    assert "stays: out/x/0.txt.md (job: x/0.txt): it changed since docbatch wrote it" in ended.out
    assert "stays: out/x/1.txt.md" in ended.out
    assert "1 output, " in ended.out
    assert not (project.root / "out/x/2.txt.md").exists()


def test_more_than_a_fifth_is_refused_unless_it_is_allowed(project: Project) -> None:
    shutil.rmtree(project.root / "jobs")
    project.job(JOB.replace("name: job", "name: other").replace("out/", "other/"), "other")
    ended = project.call("prune")
    assert "its outputs stay until 'docbatch apply' has noticed that it is gone" in ended.out
    project.applied()
    before = project.outputs()

    refused = project.call("prune")
    assert refused.code == 6
    assert "job 'job': 12 of 12 outputs" in refused.err
    assert "this would be refused" in project.call("prune", "--dry-run").out
    assert project.outputs() == before

    assert pruned(project, "--allow", "pruned")["removed"] == 12
    assert not (project.root / "out/x").exists()


def test_folders_go_that_became_empty_and_no_others(project: Project) -> None:
    (project.root / "out/empty").mkdir()
    removed(project, *(f"x/{name}.txt" for name in range(6)))
    (project.root / "out/x/note").write_text("mine")
    assert pruned(project, "--allow", "pruned")["folders"] == 0
    assert (project.root / "out/x/note").exists()

    removed(project, *(f"y/{name}.txt" for name in range(5)))
    (project.root / "in/y/5.txt").rename(project.root / "in/5.txt")
    project.applied()
    assert pruned(project, "--allow", "pruned")["folders"] == 1
    assert sorted(path.name for path in (project.root / "out").iterdir()) == ["5.txt.md", "empty", "x"]


def test_outputs_of_former_sinks_go_but_none_that_another_sink_writes(project: Project) -> None:
    project.job(DEEP.replace("markdown", "text"))
    project.applied()
    assert pruned(project)["removed"] == 0

    project.job(DEEP.replace("}}.md", "}}.txt").replace("markdown", "text"))
    project.applied()
    before = {name for name in project.outputs() if name.endswith(".txt")}
    assert pruned(project, "--allow", "pruned")["removed"] == 12
    assert set(project.outputs()) == before
    assert project.call("drift").code == 0


def test_a_former_sink_s_whole_file_goes_like_a_file(project: Project) -> None:
    project.job(DEEP + "  - {type: jsonl, path: lists/all.jsonl}\n  - {type: sqlite, path: lists/all.db}\n")
    project.applied()
    whole = project.outputs("lists")
    project.job(DEEP)
    project.applied()

    assert pruned(project)["removed"] == 2
    assert project.outputs("lists") == {}
    project.call("prune", "--restore")
    assert project.outputs("lists") == whole


def test_an_output_that_was_written_in_several_forms_is_one(project: Project) -> None:
    for column in ("a", "b", "c"):
        rows = f", columns: {{{column}: '{{{{ row.text }}}}'}}}}\n"
        kinds = ("jsonl", "sqlite", "duckdb", "parquet", "parquet, parts: 64")
        project.job(
            DEEP
            + "".join(f"  - {{type: {kind}, path: lists/{number}{rows}" for number, kind in enumerate(kinds))
        )
        project.applied()
    whole = project.outputs("lists")
    project.job(DEEP)
    project.applied()

    refused = project.call("prune", "--yes")
    assert refused.code == 6
    assert f"'job': {len(whole)} of {12 + len(whole)} outputs" in refused.err
    ended = project.call("prune", "--json", "--allow", "pruned")
    summary = ended.lines[-1]
    assert summary["removed"] == len(whole)
    assert [line for line in ended.lines if line["type"] == "output" and line["verdict"] != "removed"] == []
    assert project.outputs("lists") == {}
    project.call("prune", "--restore")
    assert project.outputs("lists") == whole


def test_a_database_that_holds_a_wanted_table_stays(project: Project) -> None:
    rows = "  - {type: sqlite, path: lists/all.db, table: TABLE}\n"
    project.job(DEEP + rows.replace("TABLE", "one") + rows.replace("TABLE", "two"))
    project.applied()
    project.job(DEEP + rows.replace("TABLE", "two"))
    project.applied()

    assert pruned(project)["removed"] == 0
    assert (project.root / "lists/all.db").exists()


def test_a_job_that_took_over_outputs_of_another_keeps_them(project: Project) -> None:
    shutil.rmtree(project.root / "jobs")
    project.job(DEEP.replace("name: job", "name: renamed"))
    project.applied()

    assert pruned(project, "--allow", "pruned")["removed"] == 0
    assert len(project.outputs()) == 12


def test_a_link_or_a_folder_in_the_place_of_an_output_stays(project: Project) -> None:
    removed(project, "x/0.txt", "x/1.txt", "x/2.txt")
    elsewhere = project.root / "elsewhere"
    shutil.copyfile(project.root / "out/x/0.txt.md", elsewhere)
    (project.root / "out/x/0.txt.md").unlink()
    (project.root / "out/x/0.txt.md").symlink_to(elsewhere)
    (project.root / "out/x/1.txt.md").unlink()
    (project.root / "out/x/1.txt.md").mkdir()
    (project.root / "out/x/2.txt.md").unlink()
    os.mkfifo(project.root / "out/x/2.txt.md")

    summary = pruned(project)

    assert (summary["removed"], summary["stay"]) == (0, 3)
    assert elsewhere.exists()


def test_a_folder_that_was_replaced_by_a_link_is_not_entered(project: Project) -> None:
    removed(project, "x/0.txt")
    (project.root / "out/x").rename(project.root / "away")
    (project.root / "out/x").symlink_to(project.root / "away")

    assert pruned(project)["stay"] == 1
    assert (project.root / "away/0.txt.md").exists()


def test_a_hard_link_elsewhere_keeps_its_bytes(project: Project) -> None:
    removed(project, "x/0.txt")
    os.link(project.root / "out/x/0.txt.md", project.root / "mine")
    content = (project.root / "mine").read_bytes()

    assert pruned(project)["removed"] == 1
    assert (project.root / "mine").read_bytes() == content


def test_a_copy_of_a_project_leaves_the_outputs_of_the_first_alone(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = Project(tmp_path_factory.mktemp("copy") / "project")
    shutil.copytree(project.root, copy.root, symlinks=True)
    before = project.outputs()
    removed(copy, "x/0.txt")

    ended = copy.call("prune", "--json", "--allow", "pruned")

    assert ended.code == 0
    assert project.outputs() == before


def test_what_stands_in_the_place_is_not_replaced_by_what_comes_back(project: Project) -> None:
    removed(project, "x/0.txt", "x/1.txt")
    batch = pruned(project)["batch"]
    project.write({"out/x/0.txt.md": "new"})

    ended = project.call("prune", "--restore", batch)

    assert "stays in the trash: out/x/0.txt.md: something else stands in its place" in ended.out
    assert (project.root / "out/x/0.txt.md").read_text() == "new"
    assert (project.root / "out/x/1.txt.md").exists()
    assert project.call("prune", "--list").out.endswith("\t1 output\n")


def test_one_output_comes_back_by_its_path(project: Project) -> None:
    removed(project, "x/0.txt", "x/1.txt")
    pruned(project)

    assert (
        "1 output would be put back" in project.call("prune", "--restore", "out/x/0.txt.md", "--dry-run").out
    )
    assert "1 output put back" in project.call("prune", "--restore", "out/x/0.txt.md").out
    assert (project.root / "out/x/0.txt.md").exists()
    assert not (project.root / "out/x/1.txt.md").exists()
    assert project.call("prune", "--restore", "out/x/5.txt.md").code == 64
    assert project.call("prune", "--restore", "pruned-1999").code == 64


def test_the_trash_is_emptied_of_what_is_old(project: Project) -> None:
    removed(project, "x/0.txt")
    pruned(project)
    (project.root / "out/x/1.txt.md").write_text("edited")
    project.applied()
    trash = project.root / ".docbatch/trash"

    assert "for that long" in project.call("prune", "--empty-trash").out
    assert len(list(trash.iterdir())) == 3
    assert "would be deleted" in project.call("prune", "--empty-trash", "--older-than", "0s", "--dry-run").out
    os.utime(trash)
    ended = project.call("prune", "--empty-trash", "--older-than", "0s", "--json")
    assert ended.lines[-1]["batches"] + ended.lines[-1]["things"] >= 1
    assert project.call("prune", "--empty-trash", "--older-than", "x").code == 64


def test_only_one_thing_is_asked_for(project: Project) -> None:
    assert project.call("prune", "--list", "--empty-trash").code == 64
    assert "no prune has left anything" in project.call("prune", "--list").out
    assert "no prune has left anything" in project.call("prune", "--restore").err


def test_a_manifest_of_a_job_that_is_gone_goes_as_well(project: Project) -> None:
    project.job(DEEP.replace("name: job", "name: job\nmanifest: true"))
    project.applied()
    project.job(DEEP)
    project.applied()

    assert pruned(project)["removed"] == 1
    assert not (project.root / "out/job").exists()
    project.call("prune", "--restore")
    assert (project.root / "out/job/manifest.json").exists()


@pytest.fixture(scope="module")
def half_removed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of which a fourth of the documents are gone or have their outputs elsewhere, and some of what is left was edited."""
    made = Project(tmp_path_factory.mktemp("many"))
    made.write({f"in/{number % 7}/{number}.txt": f"text {number}" for number in range(80)})
    places = "path,place\n" + "".join(f"{number}/*,{number}\n" for number in range(7))
    made.write({"places.csv": places})
    placed = DEEP.replace("doc.parent", "doc.metadata.place")
    made.job(placed.replace("root: in\n", "root: in\n  metadata_from: places.csv\n"))
    made.applied()
    for number in range(13):
        (made.root / f"in/{number % 7}/{number}.txt").unlink()
    moved = "".join(f"{number % 7}/{number}.txt,moved\n" for number in range(13, 20))
    made.write({"places.csv": places + moved})
    made.applied()
    for number in range(0, 20, 5):
        (made.root / f"out/{number % 7}/{number}.txt.md").write_text(f"edited {number}")
    return made


@pytest.fixture
def pruned_half(project: Project) -> Project:
    """A project of which half of the documents are gone, and their outputs in the trash."""
    removed(project, *(f"x/{name}.txt" for name in range(6)))
    run(project)
    return project


def moments(
    project: Project, number: int, act: Callable[[Project], object] | None = None
) -> Iterator[tuple[Project, Tripwire]]:
    """Yield copies of a project with a wire that kills at moments drawn by a seed, of all there are."""
    counting = Tripwire()
    copy = copied(project, "count")
    with wired(counting):
        (act or run)(copy)
    for at in sorted(random.Random(15).sample(range(1, len(counting.names) + 1), number)):
        yield copied(project, str(at)), Tripwire(at=at)


def copied(project: Project, name: str) -> Project:
    """Copy the outputs of before into the project itself: its places are absolute."""
    kept = project.root.parent / f"kept-{project.root.name}"
    if not kept.exists():
        shutil.copytree(project.root, kept, copy_function=shutil.copy2)
    del name
    for part in ("out", ".docbatch"):
        shutil.rmtree(project.root / part)
        shutil.copytree(kept / part, project.root / part, copy_function=shutil.copy2)
    return project


def run(project: Project) -> None:
    order = PruneOrder(project.root / ".docbatch", {"job": None}, "local", may_be_much=True)
    prune(order, lambda _found: True)


def test_killed_at_any_moment_only_ours_is_gone_and_all_of_it_comes_back(half_removed: Project) -> None:
    before = half_removed.outputs()
    ours = {f"{number % 7}/{number}.txt.md" for number in range(20) if number % 5}

    for project, wire in moments(half_removed, 20):
        with wired(wire), pytest.raises(Killed):
            run(project)
        left = project.outputs()
        assert before.keys() - left.keys() <= ours
        assert left.items() <= before.items()

        run(project)
        assert before.keys() - project.outputs().keys() == ours
        put_back(project)
        assert project.outputs() == before


def restored(project: Project) -> None:
    stores = PrunedStores({}, project.root)
    restore(project.root / ".docbatch", None, here=project.root, stores=stores, dry_run=False)


def test_killed_while_it_puts_back_all_of_it_is_still_known_as_ours(pruned_half: Project) -> None:
    gone = pruned_half.outputs()

    for project, wire in moments(pruned_half, 12, restored):
        with wired(wire), pytest.raises(Killed):
            restored(project)

        put_back(project)
        assert len(project.outputs()) == len(gone) + 6
        run(project)
        assert project.outputs() == gone


def test_an_empty_batch_that_a_kill_left_is_not_shown(project: Project) -> None:
    begin(project.root / ".docbatch/trash", 0.0)

    assert "no prune has left anything" in project.call("prune", "--list").out


def put_back(project: Project) -> Ended:
    """Restore batch after batch, as a person would who sees that there are several."""
    ended = project.call("prune", "--list")
    for line in ended.out.splitlines():
        if line.startswith("pruned-") and "\t0 " not in line:
            assert project.call("prune", "--restore", line.partition("\t")[0]).code == 0
    return ended


def test_the_trash_may_lie_on_another_disk(project: Project) -> None:
    removed(project, "x/0.txt")
    before = project.outputs()
    elsewhere = OSError(errno.EXDEV, "Invalid cross-device link")
    rename, link = os.rename, os.link

    def apart(plain: Callable[..., None]) -> Callable[..., None]:
        def call(source: Any, target: Any, **options: Any) -> None:
            if (b"trash" in os.fsencode(source)) != (b"trash" in os.fsencode(target)):
                raise elsewhere
            plain(source, target, **options)

        return call

    with mock.patch("os.rename", apart(rename)), mock.patch("os.link", apart(link)):
        assert pruned(project)["removed"] == 1
        assert not (project.root / "out/x/0.txt.md").exists()
        assert project.call("prune", "--restore").code == 0

    assert project.outputs() == before
    assert project.call("drift").code == 0
    assert pruned(project)["removed"] == 1


def test_one_that_changes_at_this_moment_stays(project: Project) -> None:
    removed(project, "x/0.txt", "x/1.txt")
    announce = TrashBatch.announce

    def edit_first(self: TrashBatch, taken: Any) -> None:
        announce(self, taken)
        (project.root / "out/x/0.txt.md").write_text("mine now")

    with mock.patch.object(TrashBatch, "announce", edit_first):
        summary = pruned(project)

    assert (summary["removed"], summary["stay"]) == (1, 1)

    assert (project.root / "out/x/0.txt.md").read_text() == "mine now"
    assert not (project.root / "out/x/1.txt.md").exists()
