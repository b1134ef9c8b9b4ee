"""`docbatch recover` with outputs and their manifests: what was paid and lies here is not paid again when the state is lost."""

import hashlib
import io
import json
import os
import random
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.emulators.llamacloud.service import KEY, LlamaCloud
from docbatch.emulators.server import Emulator
from docbatch.testing import _zygote
from tests.cli.project import JOB, Project
from tests.providers.extend.project import OPERATIONS, extend_project
from tests.providers.extractpage import project as extractpage
from tests.providers.llamacloud import project as llamacloud

SAMPLES = Path(__file__).parents[2] / "samples"
MANIFEST = "out/job/manifest.json"
SINKS = """
  - {type: files, path: "text/{{ doc.path }}.txt", format: text}
  - {type: files, path: "json/{{ doc.path }}.json", format: json}
"""
LISTED = JOB.replace("name: job", "name: job\nmanifest: true")


def everything(project: Project) -> dict[str, bytes]:
    """Return all outputs; the manifest says where results lie in the spool, which is another place now."""
    folders = [project.outputs(name) for name in ("out", "text", "json")]
    found = {
        f"{number}/{name}": content for number, each in enumerate(folders) for name, content in each.items()
    }
    return {name: content for name, content in found.items() if not name.endswith("manifest.json")}


def lose(project: Project, *, outputs: bool = True) -> None:
    """Let the state be gone with all beside it, and with `outputs` all that is no JSON."""
    shutil.rmtree(project.root / ".docbatch")
    for path in project.root.rglob("*") if outputs else ():
        if path.suffix in {".md", ".txt"} and project.root / "in" not in path.parents:
            path.unlink()


def with_manifest(project: Project) -> Project:
    spec = project.root / "jobs/job.yaml"
    text = spec.read_text().replace("name: job\n", "name: job\nmanifest: true\n", 1)
    spec.write_text(text if "format: json" in text else text.rstrip() + SINKS)
    return project


def recovered(project: Project, *arguments: str, code: int = 0) -> dict[str, int]:
    """Recover, and return what became of the documents that the manifest lists."""
    ended = project.call("recover", "--json", *arguments)
    assert ended.code == code, ended.out + ended.err
    (line,) = [each for each in ended.lines if each["type"] == "manifest"]
    return {name: line[name] for name in ("taken", "known", "unproven", "foreign") if line[name]}


def reasons(project: Project) -> list[str]:
    lines = project.call("recover", "--json", "--dry-run").lines
    return [each["why"] for each in lines if each["type"] == "unproven"]


@pytest.fixture(scope="module")
def once_local(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("local"))
    made.write({f"in/{name}.txt": f"text {name}" for name in "abc"})
    made.job(LISTED.rstrip() + SINKS)
    made.applied()
    return made.kept()


@pytest.fixture
def local(once_local: Project) -> Project:
    return once_local.put_back()


def extend(operation: str, root: Path, vendor: Any) -> Project:
    return extend_project(root, vendor, operation=operation, grace=0.2)


MADE: dict[str, tuple[Callable[[], Emulator], Callable[[Path, Any], Project]]] = {
    **{f"extend {operation}": (ExtendEmulator, partial(extend, operation)) for operation in OPERATIONS},
    "extractpage": (ExtractPage, extractpage.project),
    "llamacloud parse": (LlamaCloud, llamacloud.project),
    "llamacloud extract": (LlamaCloud, partial(llamacloud.project, operation="extract")),
}


@pytest.mark.parametrize("name", MADE)
def test_what_was_paid_is_taken_from_outputs_and_written_as_it_was(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    service, made = MADE[name]
    with service() as emulator:
        project = with_manifest(made(tmp_path, emulator))
        project.applied()
        before, paid = everything(project), list(emulator.ledger)
        lose(project)

        assert recovered(project, "--dry-run") == {"taken": len(paid)}
        assert everything(project) != before
        assert recovered(project) == {"taken": len(paid)}
        assert project.applied().processed == 0
        assert everything(project) == before
        assert recovered(project) == {"known": len(paid)}
        shutil.rmtree(tmp_path / "json")
        project.applied()

    assert everything(project) == before
    assert emulator.ledger == paid
    assert project.call("state", "check").code == 0
    assert project.call("verify").code == 0


@pytest.mark.parametrize(
    "sample", sorted(path.name for path in SAMPLES.iterdir() if path.suffix not in {"", ".py"})
)
def test_what_was_read_here_is_written_as_it_was(tmp_path: Path, sample: str) -> None:
    project = Project(tmp_path)
    project.write({f"in/{sample}": (SAMPLES / sample).read_bytes()})
    project.job(LISTED.rstrip() + SINKS)
    project.applied()
    before = everything(project)
    lose(project)

    assert recovered(project) == {"taken": 1}
    assert project.applied().processed == 0
    shutil.rmtree(tmp_path / "json")
    project.applied()
    assert everything(project) == before


def test_a_result_that_extend_signed_links_in_is_the_same_in_the_spool(tmp_path: Path) -> None:
    with ExtendEmulator() as emulator:
        project = with_manifest(extend_project(tmp_path, emulator, grace=0.2))
        project.applied()
        before = (tmp_path / MANIFEST).read_bytes()
        lose(project)
        recovered(project)
        project.applied()

    assert (tmp_path / MANIFEST).read_bytes() == before


def test_work_that_still_runs_is_known_where_its_result_lies_here_and_followed_where_it_does_not(
    tmp_path: Path,
) -> None:
    with ExtendEmulator() as emulator:
        project = with_manifest(extend_project(tmp_path, emulator, grace=0.2))
        project.applied()
        before, paid = everything(project), list(emulator.ledger)
        lose(project)
        (tmp_path / "json/one.txt.json").unlink()

        ended = project.call("recover", "--json")
        (work,) = [each for each in ended.lines if each["type"] == "work"]
        project.applied()

    assert (ended.code, work["taken"], work["known"]) == (0, 1, 2)
    assert (everything(project), emulator.ledger) == (before, paid)


@pytest.mark.parametrize("lies_here", [True, False])
def test_versions_that_moved_since_are_those_of_the_manifest(tmp_path: Path, *, lies_here: bool) -> None:
    with ExtendEmulator() as emulator:
        project = with_manifest(extend_project(tmp_path, emulator, operation="extract", grace=0.2))
        project.applied()
        before, paid = everything(project), list(emulator.ledger)
        (recipe,) = json.loads((tmp_path / MANIFEST).read_text())["recipes"].values()
        lose(project)
        emulator.versions["ex_one"].append("3.0")
        if not lies_here:
            shutil.rmtree(tmp_path / "json")

        ended = project.call("recover", "--json")
        project.applied()

    (line,) = [each for each in ended.lines if each["type"] == "manifest"]
    assert (line["taken"], line["versions"]) == (3 if lies_here else 0, recipe["versions"])
    assert (everything(project), emulator.ledger) == (before, paid)


def test_versions_of_other_options_are_not_taken_from_a_manifest(tmp_path: Path) -> None:
    with ExtendEmulator() as emulator:
        project = with_manifest(extend_project(tmp_path, emulator, operation="extract", grace=0.2))
        project.applied()
        place = tmp_path / MANIFEST
        lose(project)
        place.write_text(place.read_text().replace('"versions": {', '"versions": {"more": "1", '))

        (line,) = [each for each in project.call("recover", "--json").lines if each["type"] == "manifest"]

    assert line["versions"] == {}


def test_without_manifests_only_vendors_are_looked_at(local: Project) -> None:
    lose(local)

    ended = local.call("recover", "--without-manifests")

    assert (ended.code, ended.out) == (
        0,
        "no vendor was asked: no connection that could be asked charges anything\n",
    )
    assert local.applied().processed == 3


def test_what_the_state_knows_stays_as_it_is(local: Project) -> None:
    path = local.root / "json/a.txt.json"
    result = json.loads(path.read_text())
    rewrite(local, path, json.dumps({**result, "markdown": "another", "text": "another"}))

    assert recovered(local) == {"known": 3}
    local.applied()
    assert (local.root / "out/a.txt.md").read_text() == "text a\n"


@pytest.mark.parametrize("applies_first", [True, False])
def test_a_result_that_the_spool_lost_and_the_vendor_no_longer_has_is_taken_from_an_output(
    tmp_path: Path, *, applies_first: bool
) -> None:
    with ExtendEmulator() as emulator:
        project = with_manifest(extend_project(tmp_path, emulator, grace=0.2))
        project.applied()
        before, paid = everything(project), list(emulator.ledger)
        kept = (tmp_path / MANIFEST).read_bytes()
        shutil.rmtree(tmp_path / ".docbatch/spool")
        shutil.rmtree(tmp_path / "out")
        emulator.runs.clear()
        if applies_first:
            assert project.call("apply").code == 3
        (tmp_path / MANIFEST).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / MANIFEST).write_bytes(kept)

        assert recovered(project) == {"taken": 3}
        project.applied()

    assert (everything(project), emulator.ledger) == (before, paid)
    assert project.call("state", "check").code == 0


def test_in_the_place_of_a_lost_result_no_other_is_taken_than_the_state_knows(local: Project) -> None:
    path = local.root / "json/a.txt.json"
    place = local.root / MANIFEST
    document = next(
        json.loads(line.rstrip(",")) for line in place.read_text().split("\n") if "a.txt.json" in line
    )
    shutil.rmtree(local.root / ".docbatch/spool")
    place.write_text(place.read_text().replace(document["result"], "0" * 64))
    assert path.exists()

    assert reasons(local) == ["the state knows another result of it than the manifest lists"]


def rewrite(project: Project, path: Path, text: str) -> None:
    """Alter an output, and its manifest so that it agrees."""
    path.write_text(text)
    place, content = project.root / MANIFEST, path.read_bytes()
    altered = place.read_text().split("\n")
    for number, line in enumerate(altered):
        if line.startswith('{"path"'):
            document = json.loads(line.rstrip(","))
            for output in document["outputs"]:
                if output["path"] == str(path.relative_to(project.root)):
                    output.update(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
            altered[number] = json.dumps(document) + ("," if line.endswith(",") else "")
    place.write_text("\n".join(altered))


def test_a_dry_run_changes_nothing(local: Project) -> None:
    lose(local)

    ended = local.call("recover", "--dry-run")

    assert f"{MANIFEST}: 3 documents: 3 would be taken back\n" in ended.out
    assert not (local.root / ".docbatch/state.db").exists()
    assert list((local.root / ".docbatch/spool").rglob("*.pack")) == []
    assert everything(local).keys() == {f"2/{name}.txt.json" for name in "abc"}


@pytest.mark.parametrize(("answer", "taken"), [("y\n", 3), ("n\n", 0)])
def test_a_person_is_asked_before_anything_is_taken(
    local: Project, monkeypatch: pytest.MonkeyPatch, answer: str, taken: int
) -> None:
    lose(local)
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)

    ended = local.call("recover")

    assert f"{MANIFEST}: lists results of 3 documents that lack theirs\n" in ended.out
    assert ("Nothing was taken over.\n" in ended.out) == (taken == 0)
    assert recovered(local, "--dry-run") == ({"known": 3} if taken else {"taken": 3})


def test_an_altered_output_is_named_and_read_again(local: Project) -> None:
    lose(local)
    path = local.root / "json/a.txt.json"
    path.write_text(path.read_text().replace("text a", "text x"))

    ended = local.call("recover")

    assert (
        "job: a.txt: its result cannot be taken back: json/a.txt.json: its bytes are others than the manifest says\n"
        in ended.out
    )
    assert f"{MANIFEST}: 3 documents: 2 taken back, 1 without proof\n" in ended.out
    assert "1 document has no result, in no output and at no vendor: apply sends it" in ended.out
    assert local.applied().processed == 1
    assert (local.root / "out/a.txt.md").read_text() == "text a\n"


def test_a_file_that_was_laid_out_anew_is_taken_where_the_answer_is_the_same(tmp_path: Path) -> None:
    with ExtendEmulator() as emulator:
        project = with_manifest(extend_project(tmp_path, emulator, grace=0.2))
        project.applied()
        lose(project)
        for path in (tmp_path / "json").rglob("*.json"):
            path.write_text(json.dumps(json.loads(path.read_text()), indent=4))

        assert recovered(project, "--dry-run") == {"taken": 3}


def test_outputs_in_other_formats_prove_nothing(local: Project) -> None:
    lose(local, outputs=False)
    shutil.rmtree(local.root / "json")

    assert recovered(local, "--dry-run") == {"unproven": 3}
    assert reasons(local)[0] == "json/a.txt.json: it is gone"


def test_documents_that_changed_since_are_foreign_and_said_to_be(local: Project) -> None:
    lose(local)
    local.write({"in/a.txt": "another text"})
    assert recovered(local, "--dry-run") == {"taken": 2, "foreign": 1}

    local.job(LISTED.rstrip() + SINKS + "config: {timeout: 5, ocr: force}\n")
    ended = local.call("recover", "--dry-run")
    assert (
        "3 that no job wants as they were read; what is another since: the job's provider, operation or options"
        in (ended.out)
    )


def test_one_result_serves_all_documents_of_the_same_bytes(local: Project) -> None:
    local.write({"in/again.txt": "text a"})
    local.applied()
    before = everything(local)
    lose(local)
    (local.root / "json/a.txt.json").unlink()

    assert recovered(local) == {"taken": 4}
    local.applied()
    assert everything(local) == before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"document": {"path": "a.txt", "sha256": "0" * 64, "size": 6, "media_type": "text/plain"}},
            "of another document",
        ),
        (
            {"provider": {"type": "extend", "operation": "parse"}},
            "of another provider or operation than local parse",
        ),
        ({"version": "docbatch/result/v9"}, "no result of this version of docbatch: version: "),
        ({"pages": [{"number": 1}]}, "no result of this version of docbatch: pages.0.text: "),
        (
            {"provider": {"type": "local", "operation": "parse"}},
            "it cannot be read: the local engine's answer has no usable engine",
        ),
        ({"metadata": "deep" * 10, "more": 1}, "no result of this version of docbatch"),
    ],
)
def test_an_output_that_its_manifest_was_made_to_agree_with_is_no_result_of_something_else(
    local: Project, change: dict[str, Any], told: str
) -> None:
    path = local.root / "json/a.txt.json"
    result = json.loads(path.read_text())
    lose(local)
    rewrite(local, path, json.dumps({**result, **change}))

    (why,) = reasons(local)
    assert told in why
    assert recovered(local) == {"taken": 2, "unproven": 1}


@pytest.mark.parametrize(
    "text", ["{" * 100_000, '{"version": NaN}', "{not json", '{"a": [' + "[]," * 30 + "1]}"]
)
def test_what_is_no_result_is_named(local: Project, text: str) -> None:
    lose(local)
    rewrite(local, local.root / "json/a.txt.json", text)

    assert recovered(local) == {"taken": 2, "unproven": 1}


def test_nothing_is_read_behind_a_link_or_outside_of_the_project(local: Project, tmp_path: Path) -> None:
    lose(local)
    outside = tmp_path.with_name(f"{tmp_path.name}-outside")
    outside.mkdir()
    for path in list((local.root / "json").iterdir()):
        path.rename(outside / path.name)
        path.symlink_to(outside / path.name)
    assert recovered(local, "--dry-run") == {"unproven": 3}
    assert reasons(local)[0] == "json/a.txt.json: it is a symbolic link"

    place = local.root / MANIFEST
    place.write_text(place.read_text().replace('"json/', f'"{outside}/'))
    assert "it lies outside of the project, and is not looked at" in reasons(local)[0]

    place.write_text(place.read_text().replace(f'"{outside}/', '"../x/'))
    ended = local.call("recover")
    assert ended.code == 1
    assert "which is no path within the project; nothing there was looked at" in ended.err

    elsewhere = local.root / "elsewhere.json"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    ended = local.call("recover")
    assert (ended.code, "is not a manifest that can be read" in ended.err) == (1, True)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text.replace("docbatch/manifest/v1", "docbatch/manifest/v7"),
        lambda text: text[: text.index('{"path": "b.txt"')],
        lambda text: "<<<<<<< HEAD\n" + text,
        lambda text: text.replace('"recipe": "', '"recipe": "f'),
    ],
)
def test_a_manifest_that_cannot_be_read_is_an_error_and_the_rest_goes_on(
    local: Project, spoil: Callable[[str], str]
) -> None:
    lose(local)
    place = local.root / MANIFEST
    committed = place.read_text()
    place.write_text(spoil(committed))

    ended = local.call("recover")

    assert ended.code == 1
    assert f"error: {MANIFEST}: is not a manifest that can be read: " in ended.err
    assert not (local.root / ".docbatch/state.db").exists()
    assert local.call("apply").code == 6, "what would be taken back is not read again"
    place.write_text(committed)
    (local.root / ".docbatch/state.db").unlink()
    assert recovered(local) == {"taken": 3}


def test_a_manifest_that_cannot_be_read_can_be_left_out(local: Project) -> None:
    lose(local)
    (local.root / MANIFEST).write_text("{")

    assert "'docbatch recover --without-manifests' goes on without it" in local.call("recover").err
    assert local.call("recover", "--without-manifests").code == 0
    assert local.applied().processed == 3


def test_a_failure_leaves_what_was_taken_back_before(local: Project) -> None:
    other = LISTED.replace("name: job", "name: other").replace("out/", "more/").rstrip()
    local.write({"jobs/other.yaml": other + SINKS.replace("text/", "words/").replace("json/", "data/")})
    local.applied()
    lose(local)
    (local.root / MANIFEST).write_text("{")

    assert local.call("recover").code == 1
    assert local.applied().processed == 0


def test_only_documents_that_no_vendor_has_are_said_to_be_sent(tmp_path: Path) -> None:
    with ExtendEmulator() as emulator:
        project = with_manifest(extend_project(tmp_path, emulator, grace=0.2))
        project.applied()
        lose(project)
        for name in ("one", "two"):
            (tmp_path / f"json/{name}.txt.json").unlink()
        looked = project.call("recover", "--dry-run")
        ended = project.call("recover")

    for each in (looked, ended):
        assert "2 without proof" in each.out
        assert "no result" not in each.out, "the vendor has them"


def test_documents_that_nobody_has_are_counted_after_vendors_were_asked(tmp_path: Path) -> None:
    with ExtendEmulator() as emulator:
        project = with_manifest(extend_project(tmp_path, emulator, grace=0.2))
        project.applied()
        lose(project)
        (tmp_path / "json/one.txt.json").unlink()
        emulator.runs.clear()
        emulator.batches.clear()

        ended = project.call("recover")

    assert "1 document has no result, in no output and at no vendor: apply sends it" in ended.out


def test_what_was_taken_back_stays_where_vendors_are_declined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExtendEmulator() as emulator:
        project = with_manifest(extend_project(tmp_path, emulator, grace=0.2))
        project.applied()
        lose(project)
        (tmp_path / "json/one.txt.json").unlink()
        terminal = io.StringIO("y\nn\n")
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)

        ended = project.call("recover")

    assert "Nothing was taken over from vendors; what was taken back from outputs stays.\n" in ended.out
    assert "1 document has no result: where no vendor has one either, apply sends it" in ended.out


def test_a_pipe_in_the_place_of_a_manifest_is_not_waited_for(local: Project) -> None:
    lose(local)
    place = local.root / MANIFEST
    place.unlink()
    os.mkfifo(place)

    ended = local.call("recover", "--dry-run")

    assert (ended.code, "it is not a plain file" in ended.err) == (1, True)


def test_a_job_without_its_manifest_says_so(local: Project) -> None:
    lose(local)
    (local.root / MANIFEST).unlink()

    assert f"{MANIFEST}: there is no manifest\n" in local.call("recover").out


def test_taking_back_is_undone_by_the_copy_that_it_leaves(local: Project) -> None:
    lose(local)
    told = local.call("recover").out
    assert "'docbatch state restore .docbatch/state.db.before-recover-1' undoes it" in told
    local.applied()

    assert local.call("state", "restore", ".docbatch/state.db.before-recover-1").code == 0

    assert recovered(local) == {"taken": 3}
    assert (local.root / ".docbatch/state.db.before-recover-2").exists()


def kill(local: Project, many: int) -> None:
    before = everything(local)
    lose(local)
    kept = shutil.copytree(local.root, local.root.with_name("kept"))
    whole = _zygote.start(local.root, ("recover",), {})
    whole.communicate()
    assert whole.returncode == 0
    effects = len(whole.effects)
    for at in sorted(random.Random(7).sample(range(1, effects + 1), min(many, effects))):
        shutil.rmtree(local.root)
        shutil.copytree(kept, local.root)
        died = _zygote.start(local.root, ("recover",), {}, die_at=at)
        died.communicate()
        assert died.returncode == -9
        found = recovered(local)
        assert found.get("taken", 0) + found.get("known", 0) == 3, (at, found)
        assert local.applied().processed == 0, at
        assert everything(local) == before, at
        assert local.call("state", "check").code == 0


def test_killed_at_any_moment_it_takes_the_rest_the_next_time(local: Project) -> None:
    kill(local, 4)


@pytest.mark.full
def test_killed_at_every_moment_it_takes_the_rest_the_next_time(local: Project) -> None:
    kill(local, 10_000)
