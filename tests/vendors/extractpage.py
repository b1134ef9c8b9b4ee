"""A project on the emulator of extract.page, and the provider on its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast
from unittest import mock

from docbatch.emulators.extractpage import KEY, ExtractPage
from docbatch.models import Operation, RemoteObject, WorkItem
from docbatch.providers import REGISTRY, Settings, Surroundings
from docbatch.providers.base import Batch, Intent
from docbatch.providers.extractpage import KIND
from docbatch.providers.extractpage.config import EXECUTION_ONLY, ExtractPageConfig
from docbatch.providers.extractpage.provider import ExtractPageProvider
from docbatch.spec.configs import CONFIG_MODELS, ConfigContract
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
# The command with the provider registered, whether or not the registry holds it.
COMMAND = """
from tests.vendors.extractpage import registered
with registered():
    from docbatch.cli import main
    main()
"""


def registered() -> mock._patch_dict:
    """Have the registry hold the provider."""
    contract = ConfigContract(ExtractPageConfig, EXECUTION_ONLY)
    models = cast("dict[Any, Any]", CONFIG_MODELS)
    models.setdefault(("extractpage", Operation.PARSE), lambda: contract)
    return mock.patch.dict(cast("dict[Any, Any]", REGISTRY), {"extractpage": lambda: KIND})


@dataclass(frozen=True)
class VendorProject(Project):
    """`key` is what the command finds in its environment."""

    key: str | None = KEY

    @property
    def _environment(self) -> dict[str, str]:
        return {} if self.key is None else {"EXTRACT_API_KEY": self.key}

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        paths = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONWARNINGS": "error", "NO_COLOR": "1"}
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, *arguments],
            **{
                "cwd": self.root,
                "env": {**os.environ, **paths, **self._environment},
                "stdin": subprocess.DEVNULL,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                "text": True,
                **options,
            },
        )

    def call(self, *arguments: str) -> Ended:
        with registered(), mock.patch.dict(os.environ, self._environment):
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


def intent(subject: ExtractPageProvider, wanted: Batch | None = None) -> Intent:
    """Prepare a batch and freeze its request, as the engine does before the create."""
    wanted = wanted or batch()
    made = prepared(subject, wanted)
    return Intent(wanted.submission, wanted.marker, subject.render(wanted, made), wanted, made)
