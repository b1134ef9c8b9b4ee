"""A job's manifest: which document gave which result and which outputs, as text that is the same for the same facts.

It is one JSON object with a document on each line, so that changes are small, and millions are read one at a time.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

VERSION: Final = "docbatch/manifest/v1"
LONGEST_LINE = 16 << 20
"""Characters of one line; a document has twenty outputs at most, each with a thousand pictures."""
MOST_HEAD = 16 << 20
_BEGIN = '"documents": ['
_END = "]}"

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Relative = Annotated[str, Field(min_length=1, max_length=16_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class ManifestOutput(_Part):
    """One file. What has no digest was not as it was written when the manifest was."""

    path: Relative = Field(
        description="where it lies, relative to the project's root; absolute where it lies outside of it"
    )
    sha256: Digest | None = Field(description="SHA-256 of its bytes as docbatch wrote them")
    size: int | None = Field(ge=0, description="how many bytes it has")


class ManifestRecipe(_Part):
    """How documents were processed."""

    key: Digest = Field(description="the key of provider, account, operation, config and versions")
    provider: str
    operation: str
    config: Digest = Field(description="SHA-256 of the config in its canonical form")
    versions: dict[str, str] = Field(
        description="the versions of what moves by itself, such as engines and processors"
    )


class ManifestDocument(_Part):
    """A document that has a result."""

    path: Relative = Field(
        description="the document, relative to the root of the job's source; bytes that are not UTF-8 are %XX"
    )
    sha256: Digest = Field(description="SHA-256 of the document's bytes")
    media_type: str
    outcome: Literal["succeeded", "partial"]
    result: Digest = Field(description="SHA-256 of the stored result")
    recipe: str = Field(description="which of `recipes` it was processed by")
    outputs: list[ManifestOutput] = Field(
        description="its files, in the order of the job's sinks, each followed by what lies beside it"
    )


class ManifestHead(_Part):
    """What a manifest says before its documents."""

    version: Literal["docbatch/manifest/v1"]
    path: Relative = Field(description="where the manifest lies, relative to the project's root")
    job: str
    source: str | None = Field(
        description="the root of the job's source, relative to the project's root; null where that is no folder inside of it"
    )
    folders: list[Relative] = Field(
        description="the folders in which each document has a file, relative to the project's root: nothing else lies there"
    )
    recipes: dict[str, ManifestRecipe] = Field(description="by the first 12 digits of their keys")
    outputs: list[ManifestOutput] = Field(description="files that hold the whole job")


class JobManifest(ManifestHead):
    """A whole manifest."""

    documents: list[ManifestDocument] = Field(description="in path order")


class NoManifest(ValueError):
    """The text is no manifest."""


def lines(head: ManifestHead, documents: Iterable[ManifestDocument]) -> Iterator[str]:
    """Yield a manifest as text, line by line."""
    yield "{\n"
    for name, value in head.model_dump(mode="json").items():
        yield f"{json.dumps(name)}: {_json(value)},\n"
    yield _BEGIN
    before = "\n"
    for document in documents:
        yield f"{before}{_json(document.model_dump(mode='json'))}"
        before = ",\n"
    yield f"\n{_END}\n"


class ManifestReader:
    """Reads a manifest from its lines. Raises NoManifest as soon as something is wrong, from wherever it is asked."""

    def __init__(self, text: Iterable[str]) -> None:
        self._lines = enumerate(text, 1)
        self.head = self._read_head()

    def documents(self) -> Iterator[ManifestDocument]:
        """Yield the documents, one after the other; once."""
        for number, line in self._lines:
            text = line.strip()
            if text == _END:
                return
            if text:
                yield _document(text.removesuffix(","), number)
        raise NoManifest("it ends in the middle")

    def _read_head(self) -> ManifestHead:
        text: list[str] = []
        size = 0
        for number, line in self._lines:
            size += len(line)
            if size > MOST_HEAD:
                raise NoManifest(f"line {number}: no documents begin in its first {MOST_HEAD:,} characters")
            # A tool that lays it out anew indents it.
            if line.rstrip() == _BEGIN:
                return _head("".join(text))
            text.append(line)
        raise NoManifest("it is not laid out as docbatch writes it, a document on each line")


def _head(text: str) -> ManifestHead:
    try:
        return ManifestHead.model_validate_json(text.rstrip().removesuffix(",") + "}")
    except ValidationError as error:
        raise NoManifest(f"before its documents: {_told(error)}") from error


def _document(text: str, number: int) -> ManifestDocument:
    try:
        return ManifestDocument.model_validate_json(text)
    except ValidationError as error:
        raise NoManifest(f"line {number}: {_told(error)}") from error


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else str(first["msg"])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
