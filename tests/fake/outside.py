"""A provider as somebody else would write one: all of it is here, and nothing else of docbatch knows it."""

import json
from collections.abc import Sequence

from pydantic import Field

from docbatch.core.models import Operation, Recovery, RemoteObject, Traits
from docbatch.core.results import DocumentInfo, ProviderInfo, Result
from docbatch.fields import SpecModel
from docbatch.providers import base
from docbatch.providers.kind import ConfigContract, ProviderKind


class ShoutConfig(SpecModel):
    marks: int = Field(default=1, ge=1, le=9, description="exclamation marks after each document")


class Shouted:
    is_partial, credits = False, None

    def __init__(self, payload: bytes) -> None:
        self._loud = json.loads(payload)

    def markdown(self) -> str:
        return f"# {self._loud}\n"

    def text(self) -> str:
        return f"{self._loud}\n"

    def result(self, document: DocumentInfo) -> Result:
        source, markdown = ProviderInfo(type="shout", operation="parse"), self.markdown()
        return Result(
            outcome="succeeded", document=document, provider=source, markdown=markdown, text=self.text()
        )


class Shout(base.Unsearchable):
    """Answers what it was sent, louder: the same key gives the same work."""

    type, account = "shout", "here"
    traits = Traits(Recovery.KEYED, max_items=2, free=True, in_process=True, resend=True, poll_initial=0.01)

    def steps(self, batch: base.Batch) -> Sequence[base.Step]:
        return [base.Step(item.key, item=item.key) for item in batch.items]

    def perform(
        self, step: base.Step, batch: base.Batch, prepared: base.Prepared, content: base.Content
    ) -> RemoteObject:
        with content(next(item for item in batch.items if item.key == step.item)) as stream:
            loud = stream.read().decode().upper() + "!" * batch.config.get("marks", 1)
        return RemoteObject(step.name, step.name, {"loud": loud})

    def render(self, batch: base.Batch, prepared: base.Prepared) -> bytes:
        return json.dumps({key: each.data["loud"] for key, each in prepared.items()}, sort_keys=True).encode()

    def create(self, intent: base.Intent) -> base.Accepted:
        return base.Accepted(intent.marker)

    def poll(self, intent: base.Intent, remote_id: str | None) -> base.Progress:
        return base.Progress([base.Ready(item.key, item.key) for item in intent.batch.items])

    def fetch(self, intent: base.Intent, ready: base.Ready) -> bytes:
        return json.dumps(json.loads(intent.body)[ready.key]).encode()

    def read(self, payload: bytes) -> Shouted:
        return Shouted(payload)


KIND = ProviderKind(
    name="shout",
    title="Shout",
    operations=(Operation.PARSE,),
    config=lambda _operation: ConfigContract(ShoutConfig),
    traits=lambda _settings: Shout.traits,
    account=lambda _settings: Shout.account,
    connect=lambda _settings, _surroundings: Shout(),
    read=Shouted,
)
