"""What all specs of a project say together is bounded, and reading ends where a bound is passed."""

from pathlib import Path

import pytest

from docbatch.core.errors import SpecError
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.size import LargestSpecs

SOURCES = {
    "a": "include: '*.{x,y,z}'",
    "b": "urls: ['https://a/x', 'https://a/y']",
    "c": "include: '*.{x,y,z}'",
}


def told(root: Path, monkeypatch: pytest.MonkeyPatch, bounds: LargestSpecs) -> list[str]:
    monkeypatch.setattr("docbatch.specs.load.OWN", bounds)
    with pytest.raises(SpecError) as refused:
        load_jobs(load_project(root))
    return [problem.message for problem in refused.value.problems]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of three jobs: two with three patterns each, and one with two links."""
    (tmp_path / "jobs").mkdir()
    (tmp_path / "docbatch.yaml").write_text("project: {id: ptestproject1}\n")
    for name, source in SOURCES.items():
        (tmp_path / f"jobs/{name}.yaml").write_text(
            f"apiVersion: docbatch/v1\nname: {name}\nsource: {{{source}}}\n"
            f"sink: [{{type: jsonl, path: {name}.jsonl}}]\n"
        )
    return tmp_path


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (LargestSpecs(characters=200), "200 characters"),
        (LargestSpecs(jobs=2), "2 jobs"),
        (LargestSpecs(patterns=5), "5 patterns, braces spread out"),
        (LargestSpecs(listed=1), "1 documents in lists"),
    ],
)
def test_what_is_too_much_is_told_once(
    root: Path, monkeypatch: pytest.MonkeyPatch, bounds: LargestSpecs, words: str
) -> None:
    assert told(root, monkeypatch, bounds) == [f"the specs of the project have more than {words}"]


def test_the_patterns_of_one_source_are_bounded_together(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = root / "jobs/a.yaml"
    spec.write_text(spec.read_text().replace("'*.{x,y,z}'", "['{1..600}', '{1..600}']"))
    assert told(root, monkeypatch, LargestSpecs()) == ["the patterns expand to more than 1,000 together"]
