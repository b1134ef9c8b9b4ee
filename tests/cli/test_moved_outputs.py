"""Outputs that lie elsewhere now, because what is known of their documents changed: `docbatch prune` takes away what stood there before."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from docbatch.state.store import Store
from tests.cli.project import Project
from tests.cli.stored_project import VARIABLES, project_file
from tests.stores.moto_server import moto_bucket

TEXTS = {name: f"text of {name}\n" for name in ("a.txt", "b.txt", "c.txt", "d.txt")}
ELSEWHERE = "its document's output lies elsewhere now"


@dataclass
class Placed:
    """A project in which a list says where the output of each document goes. `shown` is how outputs are told."""

    project: Project
    outputs: Callable[[], dict[str, str]]
    edit: Callable[[str, str], object]
    shown: str

    def place(self, **places: str) -> "Placed":
        """Say of documents, by their names, where their outputs go, and run; what is not named is gone."""
        self.project.write({f"in/{name}.txt": TEXTS[f"{name}.txt"] for name in places})
        for name in {"a", "b", "c", "d"} - places.keys():
            (self.project.root / f"in/{name}.txt").unlink(missing_ok=True)
        rows = "".join(f"{name}.txt,{place}\n" for name, place in places.items())
        self.project.write({"places.csv": f"path,place\n{rows}"})
        assert self.project.applied().processed <= len(places)
        return self

    def pruned(self, *arguments: str) -> tuple[int, dict[str, str]]:
        """Prune; return how many outputs went, and why others stay."""
        ended = self.project.call("prune", "--json", "--allow", "pruned", *arguments)
        assert ended.code == 0, ended.err
        told = {
            line["path"]: line["why"] for line in ended.lines if line.get("verdict") in {"edited", "kept"}
        }
        removed: int = ended.lines[-1]["removed"]
        return removed, {path.removeprefix(self.shown): why for path, why in told.items()}


def on_disk(root: Path, _: ExitStack) -> Placed:
    project = Project(root)
    project.write({"docbatch.yaml": "project: {id: pabcdef012345}\n"})
    project.job(_job(""))

    def outputs() -> dict[str, str]:
        return {name: content.decode() for name, content in project.outputs("data/out").items()}

    def edit(name: str, text: str) -> None:
        (project.root / "data/out" / name).write_text(text)

    return Placed(project, outputs, edit, "data/out/")


def in_a_store(root: Path, entered: ExitStack) -> Placed:
    bucket = entered.enter_context(moto_bucket())
    project = Project(root)
    project.write({"docbatch.yaml": project_file(bucket)})
    project.job(_job("store: lake, "))

    def outputs() -> dict[str, str]:
        return {
            key.removeprefix("data/out/"): content.decode()
            for key, content in bucket.objects().items()
            if key.startswith("data/out/")
        }

    def edit(name: str, text: str) -> None:
        bucket.put(f"data/out/{name}", text.encode())

    return Placed(project, outputs, edit, f"{bucket.store.settings.identity}/data/out/")


def _job(store: str) -> str:
    return (
        "apiVersion: docbatch/v1\nname: job\nprovider: local\n"
        'source: {root: in, include: "**/*", metadata_from: places.csv}\n'
        f'sink: [{{type: files, {store}path: "data/out/{{{{ doc.metadata.place }}}}.md"}}]\n'
    )


KINDS: Mapping[str, Callable[[Path, ExitStack], Placed]] = {"disk": on_disk, "store": in_a_store}


@pytest.fixture(params=KINDS)
def placed(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Placed]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with ExitStack() as entered:
        yield KINDS[request.param](tmp_path, entered).place(a="one", b="two")


def test_what_stood_there_before_goes_and_comes_back(placed: Placed) -> None:
    placed.place(a="three", b="four")
    before = placed.outputs()
    assert before.keys() == {"one.md", "two.md", "three.md", "four.md"}

    told = placed.project.call("prune", "--dry-run").out
    assert f"would be removed: {placed.shown}one.md (job: a.txt): {ELSEWHERE}" in told
    assert placed.outputs() == before
    assert placed.pruned() == (2, {})
    assert placed.outputs().keys() == {"three.md", "four.md"}
    assert placed.project.call("drift", "--deep").out.endswith(
        "2 outputs looked at, all as they were written\n"
    )
    assert placed.pruned() == (0, {})

    assert placed.project.call("prune", "--restore").code == 0
    assert placed.outputs() == before
    assert placed.project.call("drift").code == 0
    assert placed.pruned() == (2, {})
    assert placed.project.call("prune", "--empty-trash", "--older-than", "0s").code == 0
    placed.edit("one.md", "somebody else's by now")
    assert placed.pruned() == (0, {})


def test_what_somebody_changed_there_stays_and_is_named(placed: Placed) -> None:
    placed.place(a="three", b="four")
    placed.edit("one.md", "mine now")

    assert placed.pruned() == (1, {"one.md": "it changed since docbatch wrote it"})
    assert placed.outputs()["one.md"] == "mine now"
    assert "two.md" not in placed.outputs()


def test_what_is_the_same_again_goes(placed: Placed) -> None:
    kept = placed.outputs()["one.md"]
    placed.place(a="three", b="two")
    placed.edit("one.md", "mine now")
    placed.edit("one.md", kept)

    assert placed.pruned() == (1, {})


def test_two_documents_that_exchange_places_keep_their_outputs(placed: Placed) -> None:
    one, two = placed.outputs()["one.md"], placed.outputs()["two.md"]
    placed.place(a="two", b="one")

    assert placed.pruned() == (0, {})
    assert placed.outputs() == {"one.md": two, "two.md": one}
    placed.place(a="three", b="one")
    assert placed.pruned() == (1, {})
    assert placed.outputs() == {"one.md": two, "three.md": one}


def test_an_output_that_came_back_to_its_place_goes_once_with_its_document(placed: Placed) -> None:
    placed.place(a="three", b="two").place(a="one", b="two")
    assert placed.pruned() == (1, {})

    placed.place(b="two")
    assert placed.pruned() == (1, {})
    assert placed.outputs().keys() == {"two.md"}


def test_a_place_that_another_document_took_is_judged_by_what_was_written_last(placed: Placed) -> None:
    placed.place(a="three", b="two", c="one")
    assert placed.pruned() == (0, {})
    placed.place(a="three", b="two")
    assert placed.pruned() == (1, {})

    placed.place(a="three", b="two", c="four").place(a="three", b="two").place(a="four", b="two")
    placed.place(a="five", b="two")
    assert placed.pruned() == (2, {})
    assert placed.outputs().keys() == {"two.md", "five.md"}


def test_what_two_documents_of_the_same_bytes_left_in_a_place_is_one_output(placed: Placed) -> None:
    (placed.project.root / "in/a.txt").rename(placed.project.root / "in/z.txt")
    placed.project.write({"places.csv": "path,place\nz.txt,one\nb.txt,two\n"})
    placed.project.applied()
    placed.project.write({"places.csv": "path,place\nz.txt,three\nb.txt,two\n"})
    placed.project.applied()

    assert placed.pruned("--dry-run") == (1, {})
    assert placed.pruned() == (1, {})
    assert placed.outputs().keys() == {"two.md", "three.md"}


def test_what_is_put_back_after_its_document_went_on_is_known_as_ours(placed: Placed) -> None:
    placed.place(b="two")
    assert placed.pruned() == (1, {})
    placed.place(a="three", b="two")
    assert placed.project.call("prune", "--restore").code == 0

    assert placed.outputs().keys() == {"one.md", "two.md", "three.md"}
    assert placed.project.call("drift").code == 0
    assert placed.pruned() == (1, {})


def test_of_a_job_that_is_gone_all_of_it_goes(placed: Placed) -> None:
    placed.place(a="three", b="four")
    job = placed.project.root / "jobs/job.yaml"
    job.write_text(job.read_text().replace("name: job", "name: other").replace("data/out", "data/other"))
    placed.project.applied()

    assert placed.pruned() == (4, {})
    assert placed.outputs() == {}


def test_what_lies_there_is_counted_by_drift_and_is_no_document(tmp_path: Path) -> None:
    with ExitStack() as entered:
        placed = on_disk(tmp_path, entered).place(a="one", b="two").place(a="three", b="four")
    told = placed.project.call("drift")
    assert (told.code, "2 outputs that nothing wants any more are not compared" in told.out) == (0, True)

    job = (placed.project.root / "jobs/job.yaml").read_text()
    placed.project.job(
        job.replace("name: job", "name: other")
        .replace("data/out/{{ doc.metadata.place }}", "other/{{ doc.path }}")
        .replace("root: in,", "root: data,")
        .replace(", metadata_from: places.csv", ""),
        "other",
    )
    assert placed.project.applied().processed == 0


def test_where_bytes_were_never_noted_what_nobody_touched_goes(tmp_path: Path) -> None:
    with ExitStack() as entered:
        placed = on_disk(tmp_path, entered).place(a="one", b="two")
    with Store.writable(placed.project.root / ".docbatch") as store, store.write():
        # So it is after an update from a version that did not note it.
        store.database.execute("DELETE FROM written")
    placed.place(a="three", b="four")
    path = placed.project.root / "data/out/one.md"
    os.utime(path, ns=(1, 1))

    assert placed.pruned() == (1, {"one.md": "it changed since docbatch wrote it"})


def test_much_of_it_is_refused_unless_it_is_allowed(tmp_path: Path) -> None:
    with ExitStack() as entered:
        placed = on_disk(tmp_path, entered)
    names = [f"{number}.txt" for number in range(12)]
    placed.project.write({f"in/{name}": f"text {name}" for name in names})
    for place in ("x", "y"):
        rows = "".join(f"{name},{place}{name}\n" for name in names)
        placed.project.write({"places.csv": f"path,place\n{rows}"})
        placed.project.applied()

    refused = placed.project.call("prune", "--yes")
    assert (refused.code, "job 'job': 12 of 24 outputs" in refused.err) == (6, True), refused.err
    assert placed.pruned() == (12, {})
