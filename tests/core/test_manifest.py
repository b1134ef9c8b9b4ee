"""A manifest as text: the same for the same facts, and read again one document at a time."""

import json

import pytest

from docbatch.core.manifest import (
    MOST_HEAD,
    VERSION,
    JobManifest,
    ManifestDocument,
    ManifestHead,
    ManifestOutput,
    ManifestReader,
    ManifestRecipe,
    NoManifest,
    lines,
)

DIGEST = "ab" * 32
HEAD = ManifestHead(
    version=VERSION,
    path="out/job/manifest.json",
    job="job",
    source="in",
    folders=["out/job"],
    recipes={
        "ab" * 6: ManifestRecipe(
            key=DIGEST, provider="local", operation="parse", config=DIGEST, versions={"engine": "1"}
        )
    },
    outputs=[],
)


def document(path: str) -> ManifestDocument:
    return ManifestDocument(
        path=path,
        sha256=DIGEST,
        media_type="text/plain",
        outcome="succeeded",
        result=DIGEST,
        recipe="ab" * 6,
        outputs=[ManifestOutput(path=f"out/job/{path}.md", sha256=DIGEST, size=3)],
    )


def text(*paths: str) -> str:
    return "".join(lines(HEAD, map(document, paths)))


def test_it_is_json_with_a_document_on_each_line() -> None:
    written = text("a\nb", "c")

    assert JobManifest.model_validate_json(written).documents == [document("a\nb"), document("c")]
    assert sum("sha256" in line for line in written.splitlines()) == 2
    assert json.loads(text())["documents"] == []


def test_it_is_read_as_it_was_written_also_with_other_line_ends() -> None:
    for ends in ("\n", "\r\n"):
        reader = ManifestReader(text("a", "c").replace("\n", ends).splitlines(keepends=True))

        assert reader.head == HEAD
        assert list(reader.documents()) == [document("a"), document("c")]


def test_what_is_no_manifest_says_where() -> None:
    whole = text("a", "c").splitlines(keepends=True)
    cases = {
        "it is not laid out as docbatch writes it": ["{}"],
        "before its documents: version: ": ["{\n", '"documents": ['],
        "before its documents: Invalid JSON": ["{{\n", '"documents": ['],
        "line 10: sha256: ": [*whole[:9], '{"path": "x"}\n'],
        "line 11: Invalid JSON": [*whole[:10], "{\n"],
        "it ends in the middle": whole[:11],
        "no documents begin": ["{\n", " " * MOST_HEAD],
    }

    for told, given in cases.items():
        with pytest.raises(NoManifest, match=told):
            list(ManifestReader(given).documents())


def test_empty_lines_say_nothing() -> None:
    assert list(
        ManifestReader(text("a").replace("\n]}\n", "\n\n]}\n").splitlines(keepends=True)).documents()
    ) == [document("a")]
