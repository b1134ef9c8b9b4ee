"""Sinks that name a store: where in it they write, and what is refused."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from docbatch.core.errors import SpecError
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.values import FilePlace, Job, StorePlace

PROJECT = """
project: {id: pabcdef012345}
vars: {team: north}
stores:
  lake: {type: s3, bucket: docs, region: eu-central-1}
  same: {type: s3, bucket: docs}
  disk: {type: folder, path: shared}
"""


def _load(folder: Path, *sinks: str) -> Sequence[Job]:
    (folder / "docbatch.yaml").write_text(PROJECT)
    (folder / "jobs").mkdir(exist_ok=True)
    for number, sink in enumerate(sinks):
        text = (
            f"apiVersion: docbatch/v1\nname: job{number}\nsource: {{include: 'in/*.txt'}}\nsink: [{sink}]\n"
        )
        (folder / "jobs" / f"{number}.yaml").write_text(text)
    return load_jobs(load_project(folder))


def _said(folder: Path, *sinks: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        _load(folder, *sinks)
    return [str(each) for each in caught.value.problems]


def test_a_place_in_a_store_begins_with_its_bucket(tmp_path: Path) -> None:
    (job,) = _load(
        tmp_path, '{type: files, store: lake, path: "{{ vars.team }}/out/{{ job.name }}/{{ doc.path }}.md"}'
    )

    place = job.sinks[0].place

    assert isinstance(place, StorePlace)
    assert (place.store, place.root) == ("lake", "s3://docs/north/out")
    assert place.output({"path": "a.txt"}) == b"job0/a.txt.md"


def test_a_job_s_one_object_may_lie_at_the_top(tmp_path: Path) -> None:
    (job,) = _load(tmp_path, "{type: jsonl, store: lake, path: all.jsonl}")

    place = job.sinks[0].place

    assert isinstance(place, StorePlace)
    assert (place.folder, place.path) == ("", "s3://docs/all.jsonl")


def test_a_store_that_is_a_folder_is_that_folder(tmp_path: Path) -> None:
    (job,) = _load(tmp_path, '{type: files, store: disk, path: "out/{{ doc.path }}.md"}')

    place = job.sinks[0].place

    assert isinstance(place, FilePlace)
    assert place.root == tmp_path / "shared" / "out"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("{{ doc.path }}.md", "nothing bounds where in the store this writes"),
        ("/out/{{ doc.path }}.md", "cannot begin keys in a store"),
        ("out/../{{ doc.path }}.md", "cannot begin keys in a store"),
        ("out//a/{{ doc.path }}.md", "cannot begin keys in a store"),
        ("out/.docbatch-trash/{{ doc.path }}.md", "cannot begin keys in a store"),
        (".docbatch/{{ doc.path }}.md", "cannot begin keys in a store"),
    ],
)
@pytest.mark.parametrize("store", ["lake", "disk"])
def test_what_cannot_begin_a_key_is_refused(tmp_path: Path, store: str, path: str, told: str) -> None:
    (said,) = _said(tmp_path, f'{{type: files, store: {store}, path: "{path}"}}')

    assert "sink[0].path" in said
    assert told in said


def test_a_store_that_is_not_declared_is_named_with_those_that_are(tmp_path: Path) -> None:
    (said,) = _said(tmp_path, '{type: files, store: lace, path: "out/{{ doc.path }}.md"}')

    assert "sink[0].store: there is no store lace (did you mean lake?)" in said


def test_two_jobs_that_write_one_object_are_refused_under_any_name_of_the_bucket(tmp_path: Path) -> None:
    (said,) = _said(
        tmp_path,
        "{type: jsonl, store: lake, path: out/all.jsonl}",
        "{type: jsonl, store: same, path: out/all.jsonl}",
    )

    assert "job job0 writes to the same place" in said or "job job1 writes to the same place" in said


def test_objects_that_differ_in_letter_case_alone_are_two_places(tmp_path: Path) -> None:
    stored = "{type: jsonl, store: lake, path: out/NAME.jsonl}"
    filed = "{type: jsonl, path: out/NAME.jsonl}"

    assert len(_load(tmp_path, stored.replace("NAME", "all"), stored.replace("NAME", "All"))) == 2
    assert _said(tmp_path, filed.replace("NAME", "all"), filed.replace("NAME", "All"))
