"""A provider over the fake cloud, in three kinds of recovery, with a prepare of several steps."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from docbatch.core.errors import Gone
from docbatch.core.models import Failure, FailureClass, Operation, Recovery, RemoteObject, Traits
from docbatch.core.results import DocumentInfo, ProviderInfo, Result
from docbatch.providers.base import (
    Accepted,
    Batch,
    Changed,
    Content,
    Failed,
    Intent,
    Prepared,
    Progress,
    Ready,
    Recalled,
    Sighting,
    Step,
    Survey,
)
from docbatch.testing.fake.cloud import Cloud
from docbatch.testing.fake.faults import AFTER, scripted
from docbatch.testing.tripwire import Tripwire

GRACE = 60.0


def traits(kind: Recovery, **changes: Any) -> Traits:
    values: dict[str, Any] = {
        "recovery": kind,
        "max_items": 3,
        "max_in_flight": 2,
        "findable": kind is Recovery.FINDABLE,
        "grace": GRACE,
        "resend": kind is Recovery.FINDABLE,
        "concurrency": 1,
    }
    return Traits(**{**values, **changes})


class FakeAnswer:
    is_partial = False
    credits: float | None = None

    def __init__(self, payload: bytes) -> None:
        answer = json.loads(payload)
        if not isinstance(answer, dict) or "text" not in answer:
            raise ValueError("the answer has no text")
        self._text = str(answer["text"])

    def markdown(self) -> str:
        return f"# {self._text}\n"

    def text(self) -> str:
        return self._text + "\n"

    def result(self, document: DocumentInfo) -> Result:
        return Result(
            outcome="succeeded",
            document=document,
            provider=ProviderInfo(type="fake", operation="parse"),
            markdown=self.markdown(),
            text=self.text(),
        )


class FakeProvider:
    """Documents whose text holds "bad" fail, those with "partial" end partially."""

    type = "fake"

    def __init__(self, cloud: Cloud, kind: Traits, tripwire: Tripwire, account: str = "acme") -> None:
        self.cloud = cloud
        self.traits = kind
        self.account = account
        self._effect = tripwire

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str]:
        return {}

    def steps(self, batch: Batch) -> Sequence[Step]:
        return [
            Step("configuration", shared=True),
            Step(f"directory {batch.marker}"),
            *(Step(f"file {item.key}", item=item.key, shared=True) for item in batch.items),
        ]

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        self._break("perform", ["configuration"])
        data = {}
        if step.item is not None:
            item = next(item for item in batch.items if item.key == step.item)
            with content(item) as stream:
                data["content"] = stream.read().decode()
        self._effect(f"before {step.name.split()[0]}")
        remote_id = self.cloud.make(self.account, step.name)
        self._effect(f"after {step.name.split()[0]}")
        return RemoteObject(step.name, remote_id, data)

    def render(self, batch: Batch, prepared: Prepared) -> bytes:
        contents = {item.key: prepared[f"file {item.key}"].data["content"] for item in batch.items}
        return json.dumps({"marker": batch.marker, "contents": contents}, sort_keys=True).encode()

    def create(self, intent: Intent) -> Accepted:
        request = json.loads(intent.body)
        fault = self.cloud.fault("create")
        if fault is not None and not fault.startswith(AFTER):
            raise scripted(fault, [step.name for step in self.steps(intent.batch) if step.item])
        self._effect("before create")
        known = self.cloud.keyed(self.account, request["marker"]) if self._keyed else None
        batch = known or self.cloud.create(self.account, request["marker"], request["contents"])
        self._effect("after create")
        if fault is not None:
            raise scripted(fault)
        return Accepted(batch)

    @property
    def _keyed(self) -> bool:
        return self.traits.recovery is Recovery.KEYED

    def look(self, intent: Intent) -> Sighting:
        self._effect("before look")
        self._break("look")
        batch = self.cloud.listed(self.account, intent.marker)
        witness = self.cloud.has(self.account, f"directory {intent.marker}")
        return Sighting(None if batch is None else Accepted(batch), witness, self.cloud.now)

    def survey(self, prefix: str) -> Survey:
        self._effect("before survey")
        self._break("survey")
        if self.traits.recovery is Recovery.NONE:
            return Survey(())
        markers = [marker for marker in self.cloud.markers(self.account) if marker.startswith(prefix)]
        return Survey(markers, self.cloud.now)

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        self._effect("before poll")
        self._break("poll")
        if self.cloud.fault("gone") or remote_id is None:
            raise Gone("no such batch")
        rows = self.cloud.rows(remote_id)
        ended: list[Ready | Failed | Changed] = []
        for row in rows:
            if row.stopped:
                ended.append(Failed(row.key, Failure(FailureClass.CANCELLED, "stopped"), row.id))
            elif row.ended and "bad" in row.content:
                ended.append(Failed(row.key, Failure(FailureClass.CORRUPT, "cannot be read", "E42"), row.id))
            elif row.ended:
                ended.append(Ready(row.key, row.id, partial="partial" in row.content))
        unseen = {item.key for item in intent.batch.items} - {row.key for row in rows}
        return Progress(ended, frozenset(unseen), date=self.cloud.now)

    def fetch(self, intent: Intent, ready: Ready) -> bytes:
        self._effect("before fetch")
        self._break("fetch")
        if self.cloud.is_removed(ready.remote_id):
            raise Gone(f"{ready.remote_id} was removed with its directory")
        return self.cloud.result(ready.remote_id)

    def read(self, payload: bytes) -> FakeAnswer:
        return FakeAnswer(payload)

    def recall(self, marker: str) -> Recalled:
        self._effect("before recall")
        self._break("recall")
        batch = self.cloud.listed(self.account, marker)
        if batch is None:
            raise Gone(marker)
        return Recalled(batch, {row.key: None if self._keyed else row.id for row in self.cloud.rows(batch)})

    def discard(self, intent: Intent) -> None:
        self._effect("before discard")
        self._break("discard")
        self.cloud.remove(self.account, intent.marker)
        self._effect("after discard")

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        self._effect("before cancel")
        self._break("cancel")
        if remote_id is not None:
            self.cloud.stop(remote_id)

    def close(self) -> None:
        pass

    def _break(self, call: str, steps: Sequence[str] = ()) -> None:
        fault = self.cloud.fault(call)
        if fault is not None:
            raise scripted(fault, steps)
