"""A project on the emulator of extract.page, and the provider on its own."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast
from unittest import mock

from docbatch.core.models import Operation, RemoteObject, WorkItem
from docbatch.emulators.extractpage.service import KEY, ExtractPage
from docbatch.providers.base import Batch, Intent, Ready
from docbatch.providers.extractpage import KIND
from docbatch.providers.extractpage.provider import ExtractPageProvider
from docbatch.providers.kind import Settings, Surroundings
from docbatch.testing.matrix import HASTE
from tests.cli.project import Ended, Project

PROJECT_ID = "pextractpage01"
DOCUMENTS = {
    "a.txt": "apple\ncore",
    "b.txt": "banana",
    "c.txt": "cherry",
    "d.txt": "date",
    "sub/e.txt": "elder",
}
EXPECTED = {f"{name}.md": f"{text}\n".encode() for name, text in DOCUMENTS.items()}
NAMES = ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]
JOB = """
apiVersion: docbatch/v1
name: job
source: {root: in, include: "**/*"}
provider: extractpage
sink:
  - {type: files, path: "out/{{ doc.path }}.md", format: markdown}
"""


@dataclass(frozen=True)
class VendorProject(Project):
    """`key` is what the command finds in its environment."""

    key: str | None = KEY

    @property
    def _environment(self) -> dict[str, str]:
        return {} if self.key is None else {"EXTRACT_API_KEY": self.key}

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        with mock.patch.dict(os.environ, self._environment):
            return super().start(*arguments, **options)

    def call(self, *arguments: str) -> Ended:
        with mock.patch.dict(os.environ, self._environment):
            return super().call(*arguments)

    def with_key(self, key: str | None) -> "VendorProject":
        return replace(self, key=key)


def project(
    root: Path,
    emulator: ExtractPage,
    documents: Mapping[str, str] = DOCUMENTS,
    *,
    job: str = JOB,
    recovery: str = "{grace: 0.4}",
) -> VendorProject:
    root.mkdir(parents=True, exist_ok=True)
    emulator.haste = HASTE
    made = VendorProject(root)
    made.write({f"in/{name}": text for name, text in documents.items()})
    made.write({"docbatch.yaml": connection(emulator, recovery)})
    made.job(job)
    return made


def connection(emulator: ExtractPage, recovery: str) -> str:
    return f"""
project: {{id: {PROJECT_ID}}}
providers:
  extractpage:
    base_url: {emulator.url}
    api_key: {{env: EXTRACT_API_KEY}}
    poll: {{initial: 0.02, max: 0.05}}
    recovery: {recovery}
"""


def provider(emulator: ExtractPage, key: str = KEY) -> ExtractPageProvider:
    """Return the provider, connected as the engine does it."""
    settings = Settings("extractpage", "extractpage", base_url=emulator.url)
    surroundings = Surroundings(Path("/nowhere"), wake=lambda: None, key=lambda: key)
    return cast("ExtractPageProvider", KIND.connect(settings, surroundings))


def uploaded(emulator: ExtractPage, text: str, key: str = KEY) -> str:
    """Upload a file as somebody else would, and return its id."""
    subject = provider(emulator, key)
    file, _ = subject._service.register({"size_bytes": len(text), "filename": "x.txt"})
    subject._service.put(file, BytesIO(text.encode()), len(text))
    subject.close()
    return file.id


def batch(documents: Mapping[str, str] = DOCUMENTS, submission: str = "s1", **config: Any) -> Batch:
    items = tuple(item(name, text) for name, text in documents.items())
    return Batch(submission, f"{PROJECT_ID}-{submission}", Operation.PARSE, items, config)


def item(name: str, text: str) -> WorkItem:
    digest = sha256(text.encode()).hexdigest()
    return WorkItem(f"key {name}", "recipe", digest, len(text), "text/plain", name, name.encode())


def content(documents: Mapping[str, str], wanted: WorkItem) -> BinaryIO:
    return BytesIO(documents[wanted.name].encode())


def prepared(subject: ExtractPageProvider, wanted: Batch) -> dict[str, RemoteObject]:
    documents = {each.name: DOCUMENTS[each.name] for each in wanted.items}
    made: dict[str, RemoteObject] = {}
    for step in subject.steps(wanted):
        made[step.name] = subject.perform(step, wanted, made, partial(content, documents))
    return made


def fetched(subject: ExtractPageProvider, intent: Intent, ready: Ready) -> bytes:
    """Fetch a result, and return its payload."""
    return subject.fetch(intent, ready)


def intent(subject: ExtractPageProvider, wanted: Batch | None = None) -> Intent:
    """Prepare a batch and freeze its request, as the engine does before the create."""
    wanted = wanted or batch()
    made = prepared(subject, wanted)
    return Intent(wanted.submission, wanted.marker, subject.render(wanted, made), wanted, made)
