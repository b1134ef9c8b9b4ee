"""Extend's provider on the emulator, without the engine: one call at a time."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from docbatch.core.models import REFERENCE_TYPES, Input, Operation, RemoteObject, WorkItem
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.naming.references import ObjectReference, Reference
from docbatch.providers.base import Batch, Intent, Provider
from docbatch.providers.extend import KIND
from docbatch.providers.kind import Settings, Surroundings
from tests.providers.extend.project import PROCESSORS

KEY = "sk_test_0123456789"


@dataclass
class Bench:
    vendor: ExtendEmulator
    provider: Provider
    contents: dict[str, bytes] = field(default_factory=dict)

    def text(self, text: str) -> WorkItem:
        return self._item(f"{text}-key", f"{text}.txt", "text/plain", text.encode())

    def link(self, url: str, name: str = "linked.txt") -> WorkItem:
        return self._reference(Reference(Input.URL, url), name)

    def known(self, identity: str, name: str = "known.txt") -> WorkItem:
        return self._reference(Reference(Input.FILE_ID, identity), name)

    def object(self, key: str = "a.txt", name: str = "object.txt") -> WorkItem:
        reference = ObjectReference("s3://bucket", key, "v1")
        return self._item(f"{key}-key", name, REFERENCE_TYPES[Input.OBJECT], reference.encode())

    def given(self, content: bytes = b"given") -> WorkItem:
        """Return an item for a file that is at Extend already."""
        return self.known(self.vendor._made("ws_main", "given.txt", content).id)

    def batch(self, *items: WorkItem, operation: Operation = Operation.PARSE) -> Batch:
        processor = PROCESSORS.get(operation)
        config: Mapping[str, Any] = {} if processor is None else {"processor": {"id": processor}}
        return Batch("s1", "testproject01-s1", operation, items, config)

    def prepared(self, batch: Batch) -> dict[str, RemoteObject]:
        return {
            step.name: self.provider.perform(step, batch, {}, self.open)
            for step in self.provider.steps(batch)
        }

    def intent(self, *items: WorkItem, operation: Operation = Operation.PARSE) -> Intent:
        """Prepare the items and return the request, not yet sent."""
        batch = self.batch(*items, operation=operation)
        prepared = self.prepared(batch)
        return Intent("s1", batch.marker, self.provider.render(batch, prepared), batch, prepared)

    def sent(self, *texts: str, operation: Operation = Operation.PARSE) -> Intent:
        """Upload texts and return the request, not yet sent."""
        return self.intent(*(self.text(text) for text in texts), operation=operation)

    def open(self, item: WorkItem) -> BinaryIO:
        return io.BytesIO(self.contents[item.key])

    def _reference(self, reference: Reference, name: str) -> WorkItem:
        kind = REFERENCE_TYPES[reference.kind]
        return self._item(f"{reference.value}-key", name, kind, reference.encode())

    def _item(self, key: str, name: str, kind: str, content: bytes) -> WorkItem:
        self.contents[key] = content
        digest = hashlib.sha256(content).hexdigest()
        return WorkItem(key, "1", digest, len(content), kind, name, b"/x")


def signed_link(reference: ObjectReference) -> str:
    """Return what stands for a link that was signed."""
    return f"https://bucket.example/{reference.key}?versionId={reference.version}&X-Amz-Signature=f00d"


@contextmanager
def bench(folder: Path, **settings: Any) -> Iterator[Bench]:
    with ExtendEmulator() as vendor:
        usual = {"requests_per_second": 1000.0, "grace": 0.0}
        connection = Settings("extend", "extend", vendor.url, **{**usual, **settings})
        provider = KIND.connect(connection, Surroundings(folder, lambda: None, lambda: KEY, link=signed_link))
        yield Bench(vendor, provider)
        provider.close()
        assert vendor.errors == []
