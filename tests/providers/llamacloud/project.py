"""The emulated LlamaCloud with a project on it, run by the real command, or with the provider alone, on a clock of its own."""

import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO
from unittest import mock

from docbatch.core.errors import Unavailable
from docbatch.core.models import REFERENCE_TYPES, Input, Operation, RemoteObject, WorkItem
from docbatch.emulators.llamacloud.service import KEY, LlamaCloud
from docbatch.engine.connections import backoff
from docbatch.naming.references import Reference
from docbatch.providers import llamacloud
from docbatch.providers.base import Batch, Intent, Step
from docbatch.providers.http import rates
from docbatch.providers.http.keyed import KeyedClient, PresignedClient
from docbatch.providers.http.rates import Limiter
from docbatch.providers.kind import Settings
from docbatch.providers.llamacloud import account, traits
from docbatch.providers.llamacloud.calls import Api
from docbatch.providers.llamacloud.provider import LlamaCloudProvider
from docbatch.testing.matrix import HASTE
from tests.cli.project import Ended, Project

PROJECT_ID = "pllamacloud01"
DOCUMENTS = {
    "a.txt": "apple\fcore",
    "b.txt": "banana",
    "c.txt": "cherry",
    "d.txt": "date",
    "sub/e.txt": "elder",
}
EXPECTED = {
    "a.txt.md": b"apple\n\ncore\n",
    "b.txt.md": b"banana\n",
    "c.txt.md": b"cherry\n",
    "d.txt.md": b"date\n",
    "sub/e.txt.md": b"elder\n",
}
JOB = """
apiVersion: docbatch/v1
name: job
source: {{root: in, include: "**/*"}}
provider: llamacloud
operation: {operation}
config: {config}
sink:
  - {{type: files, path: "out/{{{{ doc.path }}}}.md", format: markdown}}
"""
SINKS = """
  - {type: files, path: "text/{{ doc.path }}.txt", format: text}
  - {type: files, path: "json/{{ doc.path }}.json", format: json}
"""
CONFIGS = {
    "parse": "{parameters: {tier: agentic, version: '2026-10-16'}}",
    "extract": "{parameters: {data_schema: {type: object}, tier: agentic}}",
}


@dataclass(frozen=True)
class VendorProject(Project):
    """`key` is what the command finds in its environment, `most` how many documents it believes a batch takes."""

    key: str | None = KEY
    most: int = 1000

    def call(self, *arguments: str) -> Ended:
        environment = {} if self.key is None else {"LLAMA_CLOUD_API_KEY": self.key}
        with (
            mock.patch.dict(os.environ, environment),
            mock.patch.object(llamacloud, "MOST_DOCUMENTS", self.most),
            mock.patch.object(backoff, "FIRST_PAUSE", 0.04),
            mock.patch.object(rates, "PAUSE", 0.04),
        ):
            return super().call(*arguments)


def project(
    root: Path,
    emulator: LlamaCloud,
    documents: Mapping[str, str | bytes] = DOCUMENTS,
    *,
    operation: str = "parse",
    config: str | None = None,
    key: str | None = KEY,
    recovery: str = "{grace: 0.4}",
    sinks: str = "",
) -> VendorProject:
    root.mkdir(parents=True, exist_ok=True)
    emulator.haste = HASTE
    made = VendorProject(root, key=key)
    made.write({f"in/{name}": text for name, text in documents.items()})
    made.write({"docbatch.yaml": connection(emulator, recovery)})
    made.job(JOB.format(operation=operation, config=config or CONFIGS[operation]) + sinks)
    return made


def connection(emulator: LlamaCloud, recovery: str = "{grace: 0.4}", workspace: str | None = None) -> str:
    return f"""
project: {{id: {PROJECT_ID}}}
providers:
  llamacloud:
    base_url: {emulator.url}
    api_key: {{env: LLAMA_CLOUD_API_KEY}}
    poll: {{initial: 0.02, max: 0.05}}
    recovery: {recovery}
    rates: {{requests_per_second: 2000}}
    {f"workspace: {workspace}" if workspace else ""}
"""


@dataclass
class Bench:
    """A provider alone. Provider and emulator share a clock that stands still until it is moved."""

    vendor: LlamaCloud
    grace: float = 60.0
    key: str = KEY
    workspace: str | None = None
    uploading: Limiter | None = None
    now: float = 1_800_000_000.0
    contents: dict[str, bytes] = field(default_factory=dict)
    opened: list[LlamaCloudProvider] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.vendor.clock = self.clock

    def clock(self) -> float:
        return self.now

    def provider(self) -> LlamaCloudProvider:
        """Return a new provider, as a new process would have it."""
        settings = Settings("llamacloud", "llamacloud", self.vendor.url, self.workspace, grace=self.grace)
        wire = KeyedClient(self.vendor.url, {"Authorization": f"Bearer {self.key}"})
        made = LlamaCloudProvider(
            Api(wire, self.workspace),
            PresignedClient(self.vendor.url),
            traits(settings),
            account(settings),
            uploading=self.uploading,
            wall=self.clock,
        )
        self.opened.append(made)
        return made

    def close(self) -> None:
        for each in self.opened:
            each.close()

    def batch(
        self,
        *texts: str,
        operation: Operation = Operation.PARSE,
        submission: str = "s1",
        config: Mapping[str, Any] | None = None,
        size: int | None = None,
    ) -> Batch:
        """Return a batch of documents with these texts. `size` is what they claim, in bytes."""
        items = []
        for number, text in enumerate(texts):
            digest = hashlib.sha256(text.encode()).hexdigest()
            key = hashlib.sha256(f"key of {text}".encode()).hexdigest()
            self.contents[key] = text.encode()
            length = len(text.encode()) if size is None else size
            items.append(WorkItem(key, "1", digest, length, "text/plain", f"{number}.txt", b"in"))
        chosen = {"parameters": {"tier": "agentic", "version": "2026-10-16"}} if config is None else config
        return Batch(submission, f"{PROJECT_ID}-{submission}", operation, tuple(items), chosen)

    def references(self, *files: str, submission: str = "s1") -> Batch:
        """Return a batch of documents that are files the service has already."""
        batch = self.batch(
            *(Reference(Input.FILE_ID, each).encode().decode() for each in files), submission=submission
        )
        media_type = REFERENCE_TYPES[Input.FILE_ID]
        return replace(batch, items=tuple(replace(item, media_type=media_type) for item in batch.items))

    def open(self, item: WorkItem) -> BinaryIO:
        return io.BytesIO(self.contents[item.key])

    def prepare(
        self, provider: LlamaCloudProvider, batch: Batch, prepared: dict[str, RemoteObject] | None = None
    ) -> dict[str, RemoteObject]:
        """Do the steps that are missing, one after the other; what was made before an error is in `prepared`."""
        made = {} if prepared is None else prepared
        for step in provider.steps(batch):
            if step.name not in made:
                made[step.name] = self.perform(provider, step, batch, made)
        return made

    def perform(
        self, provider: LlamaCloudProvider, step: Step, batch: Batch, made: dict[str, RemoteObject]
    ) -> RemoteObject:
        """Do one step, and keep what it leaves where it is not through."""
        try:
            return provider.perform(step, batch, made, self.open)
        except Unavailable as error:
            if error.left is not None and error.left.expires is None:
                made[error.left.step] = error.left
            elif error.left is not None:
                made.pop(error.left.step, None)
            raise

    def intent(self, provider: LlamaCloudProvider, batch: Batch, prepared: dict[str, RemoteObject]) -> Intent:
        return Intent(batch.submission, batch.marker, provider.render(batch, prepared), batch, prepared)

    def sent(self, provider: LlamaCloudProvider, batch: Batch) -> tuple[Intent, str]:
        """Prepare and create; return the intent and the batch's id."""
        intent = self.intent(provider, batch, self.prepare(provider, batch))
        remote_id = provider.create(intent).remote_id
        assert remote_id is not None
        return intent, remote_id
