"""Pictures that the provider gave, beside the outputs that link to them: looked after as outputs are, and never paid for again."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.engine.administration.outputs import restore_outputs
from docbatch.engine.administration.outputs.restore_objects import StoreTrash
from docbatch.engine.administration.outputs.take_objects import ObjectTaking
from docbatch.engine.administration.outputs.take_outputs import Taking
from docbatch.naming import picture_folders
from tests.cli.project import Project
from tests.cli.stored_project import VARIABLES, project_file
from tests.providers.extractpage.project import VendorProject
from tests.providers.extractpage.project import project as vendor_project
from tests.sinks.links import shown
from tests.stores.moto_server import MotoBucket, moto_bucket

PNG = b"\x89PNG\r\n\x1a\n"
RED, BLUE, GREEN = (PNG + color for color in (b"red", b"blue", b"green"))
SINKS = "".join(
    f'  - {{type: files, path: "made/{form}/{{{{ doc.path }}}}.{form}", format: {form}}}\n'
    for form in ("html", "json")
)
MANIFEST = "manifest: job.manifest.json\n"
JOB = """
apiVersion: docbatch/v1
name: job
source: {root: in, include: "**/*"}
provider: extractpage
sink:
  - {type: files, path: "out/{{ doc.path }}.md"}
"""
ODD = "a b&c#ü%20(1).txt"
CONSUMED = JOB.replace('.md"', '.md", on_missing: ignore')


@pytest.fixture
def vendor() -> Iterator[ExtractPage]:
    with ExtractPage() as vendor:
        vendor.pictures = {ODD: [RED, BLUE, RED], "plain.txt": []}
        yield vendor


@pytest.fixture
def project(tmp_path: Path, vendor: ExtractPage) -> VendorProject:
    return made(tmp_path, vendor, JOB + SINKS + MANIFEST)


def made(root: Path, vendor: ExtractPage, job: str) -> VendorProject:
    return vendor_project(root, vendor, {ODD: "apple", "plain.txt": "banana"}, job=job)


def pictures(project: Project, folder: str = "out") -> list[Path]:
    return sorted((project.root / folder).rglob("*.png"))


def paid(vendor: ExtractPage) -> int:
    return sum(len(batch.items) for batch in vendor.batches.values())


def is_settled(project: Project) -> bool:
    return project.call("plan", "--detailed-exitcode").code == 0 and project.call("drift").code == 0


def test_every_link_in_every_format_leads_to_its_picture(project: VendorProject, vendor: ExtractPage) -> None:
    project.applied("--yes")

    for output in (f"out/{ODD}.md", f"made/html/{ODD}.html", f"made/json/{ODD}.json"):
        assert shown(project.root / output) == [RED, BLUE, RED]
        assert len(list((project.root / f"{output}.files").iterdir())) == 2
    assert not (project.root / "out/plain.txt.md.files").exists()
    assert is_settled(project)
    assert paid(vendor) == 2


def _edit(place: Path) -> None:
    place.write_bytes(b"edited by hand")


def _take_folder(place: Path) -> None:
    for each in list(place.parent.iterdir()):
        each.unlink()
    place.parent.rmdir()


@pytest.fixture(params=["one by one", "by stretches"])
def comparing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let documents be compared as those that changed a moment ago are, or as those that did not for long."""
    if request.param == "by stretches":
        margin = {"margin_ns": -(10**12)}
        monkeypatch.setattr("docbatch.sources.statcache.StatCache.__init__.__kwdefaults__", margin)


@pytest.mark.usefixtures("comparing")
@pytest.mark.parametrize(
    ("harm", "told"), [(_edit, "edited"), (Path.unlink, "missing"), (_take_folder, "missing")]
)
def test_a_picture_that_is_not_as_it_was_is_noticed_and_written_again_free_of_charge(
    project: VendorProject, vendor: ExtractPage, harm: Callable[[Path], None], told: str
) -> None:
    project.applied("--yes")
    assert is_settled(project)
    before = (project.root / f"out/{ODD}.md").read_bytes()
    harm(pictures(project)[0])

    planned = project.call("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert "1 to be written, free of charge" in planned.out
    drift = project.call("drift")
    assert drift.code == 2
    assert ("altered" if told == "edited" else "removed") in drift.out
    explained = project.call("explain", f"in/{ODD}").out
    assert "as it was written, and apply writes it again with what lies beside it" in explained
    assert f"{pictures(project, 'made')[0].name}: as it was written" in explained
    assert project.call("verify").code == 2
    project.applied()

    assert (project.root / f"out/{ODD}.md").read_bytes() == before
    assert shown(project.root / f"out/{ODD}.md") == [RED, BLUE, RED]
    assert is_settled(project)
    assert project.call("verify").code == 0
    assert paid(vendor) == 2
    kept = [path.read_bytes() for path in (project.root / ".docbatch").glob("trash/*.png")]
    assert kept == ([b"edited by hand"] if told == "edited" else [])


def test_pictures_that_somebody_took_stay_away_where_the_sink_says_so(
    tmp_path: Path, vendor: ExtractPage
) -> None:
    project = made(tmp_path, vendor, CONSUMED)
    project.applied("--yes")
    pictures(project)[0].unlink()

    assert project.call("plan", "--detailed-exitcode").code == 0
    assert project.call("drift").code == 0


def test_the_manifest_lists_pictures_behind_their_output(project: VendorProject) -> None:
    project.applied("--yes")

    listed = json.loads((project.root / "job.manifest.json").read_text())
    of_odd, of_plain = ([each["path"] for each in document["outputs"]] for document in listed["documents"])
    assert of_odd[0] == f"out/{ODD}.md"
    assert of_odd[1:3] == [str(path.relative_to(project.root)) for path in pictures(project)]
    assert len(of_odd) == 9
    assert len(of_plain) == 3
    (project.root / "out/stranger.png").write_bytes(RED)
    verified = project.call("verify")
    assert "stranger.png" in verified.out
    assert "1 added" in verified.out


def test_pictures_that_a_new_result_has_not_are_pruned_and_come_back(
    project: VendorProject, vendor: ExtractPage
) -> None:
    project.applied("--yes")
    (project.root / "in" / ODD).write_text("apples")
    vendor.pictures[ODD] = [GREEN, BLUE]
    project.applied("--yes", "--allow", "changed")

    assert shown(project.root / f"out/{ODD}.md") == [GREEN, BLUE]
    told = project.call("drift")
    assert "6 outputs that nothing wants any more" not in told.out
    before = {path: path.read_bytes() for path in project.root.rglob("*.png")}
    pruned = project.call("prune", "--yes")
    assert "its document's output refers to it no longer" in pruned.out
    left = {path.read_bytes() for path in project.root.rglob("*.png") if ".docbatch" not in path.parts}
    assert left == {GREEN, BLUE}
    assert is_settled(project)

    restored = project.call("prune", "--restore")
    assert restored.code == 0
    assert {path: path.read_bytes() for path in before} == before
    assert is_settled(project)


def test_pictures_of_a_removed_document_go_with_its_outputs(
    project: VendorProject, vendor: ExtractPage
) -> None:
    project.applied("--yes")
    (project.root / "in" / ODD).unlink()
    project.applied("--yes", "--allow", "changed")

    pruned = project.call("prune", "--yes", "--allow", "pruned")

    assert "9 outputs" in pruned.out
    assert pictures(project) == pictures(project, "made") == []
    assert not (project.root / f"out/{ODD}.md.files").exists()
    project.write({f"in/{ODD}": "apple"})
    project.applied("--yes", "--allow", "changed")
    assert shown(project.root / f"out/{ODD}.md") == [RED, BLUE, RED]
    assert is_settled(project)
    assert paid(vendor) == 2


def _removed_and_applied(project: VendorProject) -> None:
    project.applied("--yes")
    (project.root / "in" / ODD).unlink()
    project.applied("--yes", "--allow", "changed")


def test_no_link_leads_nowhere_while_outputs_are_pruned_and_put_back(
    tmp_path: Path, vendor: ExtractPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made(tmp_path, vendor, JOB)
    _removed_and_applied(project)
    output = project.root / f"out/{ODD}.md"
    seen = []

    def looked_at(done: Callable[..., Any], *arguments: Any) -> Any:
        found = done(*arguments)
        seen.append(output.exists())
        assert not output.exists() or shown(output) == [RED, BLUE, RED]
        return found

    move, place = Taking._move, restore_outputs._place
    monkeypatch.setattr(restore_outputs, "_place", lambda *given: looked_at(place, *given))
    monkeypatch.setattr(Taking, "_move", lambda *given: looked_at(move, *given))
    assert project.call("prune", "--yes", "--allow", "pruned").code == 0
    assert project.call("prune", "--restore").code == 0

    assert seen == [False, False, False, False, False, True]


@pytest.mark.parametrize("mode", ["none", "embedded"])
def test_what_becomes_of_pictures_is_changed_free_of_charge(
    tmp_path: Path, vendor: ExtractPage, mode: str
) -> None:
    project = made(tmp_path, vendor, JOB)
    project.applied("--yes")
    spec = project.root / "jobs/job.yaml"
    spec.write_text(spec.read_text().replace('.md"}', f'.md", pictures: {mode}}}'))
    project.applied()

    text = (project.root / f"out/{ODD}.md").read_text()
    assert text.count("data:image/png;base64,") == (3 if mode == "embedded" else 0)
    assert ".files/" not in text
    assert "2 outputs, " in project.call("prune", "--dry-run").out
    assert "moved" in project.call("prune", "--yes", "--allow", "pruned").out
    assert pictures(project) == []
    spec.write_text(spec.read_text().replace(f", pictures: {mode}", ""))
    project.applied()
    assert shown(project.root / f"out/{ODD}.md") == [RED, BLUE, RED]
    assert is_settled(project)
    assert paid(vendor) == 2


def test_an_unknown_word_for_pictures_is_told_with_those_there_are(
    tmp_path: Path, vendor: ExtractPage
) -> None:
    project = made(tmp_path, vendor, JOB.replace('.md"', '.md", pictures: besides'))

    told = project.call("validate")

    assert told.code == 64
    assert "beside" in told.err + told.out


def test_outputs_that_are_moved_have_new_pictures_and_the_old_can_be_pruned(
    tmp_path: Path, vendor: ExtractPage
) -> None:
    project = made(tmp_path, vendor, JOB)
    project.applied("--yes")
    spec = project.root / "jobs/job.yaml"
    spec.write_text(spec.read_text().replace("out/", "other/"))
    project.applied()

    assert shown(project.root / f"other/{ODD}.md") == [RED, BLUE, RED]
    project.call("prune", "--yes", "--allow", "pruned")
    assert pictures(project) == []
    assert is_settled(project)
    assert paid(vendor) == 2


def test_pictures_are_never_taken_for_documents(tmp_path: Path, vendor: ExtractPage) -> None:
    project = made(tmp_path, vendor, JOB.replace('"**/*"', '"**/*.{txt,png}"').replace("out/", "in/made/"))
    project.applied("--yes")
    # What a run that was killed wrote and could not record.
    output = f"in/made/{ODD}.md".encode()
    name = picture_folders.picture_name(1, 7, "0" * 64, "png")
    (project.root / picture_folders.place(output, name).decode()).write_bytes(GREEN)

    assert project.call("plan", "--detailed-exitcode").code == 0
    assert paid(vendor) == 2


def test_a_document_in_the_place_of_a_picture_is_one_where_no_output_has_it(
    tmp_path: Path, vendor: ExtractPage
) -> None:
    project = made(tmp_path, vendor, JOB)
    name = picture_folders.picture_name(1, 7, "0" * 64, "png")
    project.write({f"in/x.md.files/{name}": "a text"})

    assert "3 documents found" in project.call("plan").out


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoBucket]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with moto_bucket() as bucket:
        yield bucket


def _stored(tmp_path: Path, vendor: ExtractPage, bucket: MotoBucket) -> VendorProject:
    job = JOB.replace("path: ", "store: lake, path: ").replace("out/", "data/out/")
    project = made(tmp_path, vendor, job)
    settings = yaml.safe_load((project.root / "docbatch.yaml").read_text())
    stores = yaml.safe_load(project_file(bucket))["stores"]
    project.write({"docbatch.yaml": yaml.safe_dump({**settings, "stores": stores})})
    return project


def test_no_link_in_a_store_leads_nowhere_while_outputs_are_pruned_and_put_back(
    tmp_path: Path, vendor: ExtractPage, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = _stored(tmp_path, vendor, bucket)
    _removed_and_applied(project)
    seen = []

    def looked_at(done: Callable[..., Any], *arguments: Any) -> Any:
        found = done(*arguments)
        keys = [key for key in bucket.objects() if key.startswith(f"data/out/{ODD}")]
        assert f"data/out/{ODD}.md" not in keys or len(keys) == 3
        seen.append(len(keys))
        return found

    take, place = ObjectTaking._take, StoreTrash._place
    monkeypatch.setattr(ObjectTaking, "_take", lambda *given: looked_at(take, *given))
    monkeypatch.setattr(StoreTrash, "_place", lambda *given: looked_at(place, *given))
    assert project.call("prune", "--yes", "--allow", "pruned").code == 0
    assert project.call("prune", "--restore").code == 0

    assert (seen[0], min(seen), seen[-1], len(seen)) == (2, 0, 3, 6)


def test_pictures_in_a_store_are_looked_after_as_they_are_on_a_disk(
    tmp_path: Path, vendor: ExtractPage, bucket: MotoBucket
) -> None:
    project = _stored(tmp_path, vendor, bucket)
    project.applied("--yes")
    folder = f"data/out/{ODD}.md.files/"

    def kept() -> dict[str, bytes]:
        return {key: content for key, content in bucket.objects().items() if key.startswith("data/out/")}

    found = kept()
    assert sorted(content for key, content in found.items() if key.startswith(folder)) == sorted([RED, BLUE])
    picture = next(key for key, content in found.items() if content == RED)
    assert picture.rpartition("/")[2].encode() in found[f"data/out/{ODD}.md"]
    assert is_settled(project)

    bucket.store.delete(picture)
    assert project.call("drift").code == 2
    assert "1 to be written, free of charge" in project.call("plan").out
    project.applied()
    assert kept() == found
    assert is_settled(project)

    (project.root / "in" / ODD).write_text("apples")
    vendor.pictures[ODD] = [GREEN]
    project.applied("--yes", "--allow", "changed")
    assert "2 outputs, " in project.call("prune", "--yes").out
    assert [content for key, content in kept().items() if key.startswith(folder)] == [GREEN]
    assert project.call("prune", "--restore").code == 0
    assert len([key for key in kept() if key.startswith(folder)]) == 3
    assert is_settled(project)
    assert paid(vendor) == 3
