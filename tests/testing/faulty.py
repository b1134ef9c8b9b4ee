"""The example's provider with one fault each: at least one for every promise of the contract."""

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from docbatch_pigeon import KIND
from docbatch_pigeon.answer import PigeonAnswer
from docbatch_pigeon.provider import Pigeon

from docbatch.core.errors import Gone, Refused, Unavailable, Uncertain
from docbatch.core.models import Failure, FailureClass, Recovery, RemoteObject, Traits
from docbatch.core.results import Answer, DocumentInfo, ProviderInfo, Result
from docbatch.providers.base import (
    Accepted,
    Batch,
    Content,
    Failed,
    Intent,
    Prepared,
    Progress,
    Provider,
    Ready,
    Recalled,
    Sighting,
    Step,
    Survey,
)
from docbatch.providers.kind import ProviderKind, Settings, Surroundings

FAULTY: dict[str, ProviderKind] = {}
"""By the name of what is wrong; `tests.testing.faulty:KIND_NAME` is where each is declared."""


def __getattr__(name: str) -> ProviderKind:
    if (kind := FAULTY.get(name.removeprefix("KIND_"))) is None:
        raise AttributeError(name)
    return kind


def faulty(provider: type[Pigeon]) -> type[Pigeon]:
    def connect(settings: Settings, surroundings: Surroundings) -> Provider:
        sound = KIND.connect(settings, surroundings)
        assert isinstance(sound, Pigeon)
        return provider(sound._client, sound.account, sound.traits)

    FAULTY[provider.__name__] = replace(KIND, connect=connect)
    return provider


def declared(name: str, change: Callable[[Traits], Traits]) -> None:
    """Have a kind whose traits say something wrong, and whose provider says it as well."""

    def connect(settings: Settings, surroundings: Surroundings) -> Provider:
        sound = KIND.connect(settings, surroundings)
        sound.traits = change(sound.traits)
        return sound

    FAULTY[name] = replace(KIND, connect=connect, traits=lambda settings: change(KIND.traits(settings)))


declared("Hasty", lambda traits: replace(traits, grace=0.0, looks=1))
declared("Keyless", lambda traits: replace(traits, recovery=Recovery.KEYED))


@faulty
class Resends(Pigeon):
    """Takes a lost answer for a reason to send again."""

    def create(self, intent: Intent) -> Accepted:
        try:
            return super().create(intent)
        except Uncertain:
            return super().create(intent)


@faulty
class Believes(Pigeon):
    """Takes the first list without its work for proof that there is none."""

    def look(self, intent: Intent) -> Sighting:
        return replace(super().look(intent), witness=True)


@faulty
class Loses(Pigeon):
    """Forgets the last document of every batch."""

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        progress = super().poll(intent, remote_id)
        last = intent.batch.items[-1].key
        return replace(progress, ended=[each for each in progress.ended if each.key != last])


@faulty
class Confuses(Pigeon):
    """Gives the result of one document for another."""

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        progress = super().poll(intent, remote_id)
        ready = [each for each in progress.ended if isinstance(each, Ready)]
        return replace(progress, ended=[replace(each, remote_id=ready[0].remote_id) for each in ready])


@faulty
class Renamed(Pigeon):
    type = "crow"


@faulty
class Eager(Pigeon):
    """Asks as soon as it is there."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._listed("")


@faulty
class ClosesOnce(Pigeon):
    def close(self) -> None:
        super().close()
        del self._client


@faulty
class RandomSteps(Pigeon):
    def steps(self, batch: Batch) -> Sequence[Step]:
        return [Step(f"{step.name} {secrets.token_hex(4)}", step.item) for step in super().steps(batch)]

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        return super().perform(replace(step, name=step.name.rpartition(" ")[0]), batch, prepared, content)


@faulty
class RandomRequest(Pigeon):
    def render(self, batch: Batch, prepared: Prepared) -> bytes:
        request = json.loads(super().render(batch, prepared))
        return json.dumps({**request, "nonce": secrets.token_hex(4)}).encode()


@faulty
class PaysWhilePreparing(Pigeon):
    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        made = super().perform(step, batch, prepared, content)
        request = {"marker": f"try-{step.name}", "documents": [{"id": made.remote_id, "ref": "none"}]}
        self._client.create("/batches", json.dumps(request).encode())
        return made


@faulty
class GivesUpPreparing(Pigeon):
    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        try:
            return super().perform(step, batch, prepared, content)
        except Unavailable as error:
            raise Refused(error.message) from None


@faulty
class Refuses(Pigeon):
    """Takes no answer for a no."""

    def create(self, intent: Intent) -> Accepted:
        try:
            return super().create(intent)
        except Uncertain as error:
            raise Refused(error.message) from None


@faulty
class Blind(Pigeon):
    def look(self, intent: Intent) -> Sighting:
        return replace(super().look(intent), found=None)


@faulty
class BelievesInTrouble(Pigeon):
    def look(self, intent: Intent) -> Sighting:
        try:
            return super().look(intent)
        except Unavailable:
            return Sighting(None, witness=True)


@faulty
class Timeless(Pigeon):
    def look(self, intent: Intent) -> Sighting:
        return replace(super().look(intent), date=None)


@faulty
class OwnTime(Pigeon):
    """Takes its own clock for the vendor's."""

    def survey(self, prefix: str) -> Survey:
        return replace(super().survey(prefix), date=time.time())


@faulty
class ShowsOthers(Pigeon):
    def survey(self, prefix: str) -> Survey:
        return super().survey(prefix.removesuffix("-"))


@faulty
class ShowsOnePage(Pigeon):
    def survey(self, prefix: str) -> Survey:
        seen = super().survey(prefix)
        return replace(seen, markers=list(seen.markers)[:1])


@faulty
class ShowsAPart(Pigeon):
    def survey(self, prefix: str) -> Survey:
        try:
            return super().survey(prefix)
        except Unavailable:
            return Survey(())


@faulty
class RecallsAPart(Pigeon):
    def recall(self, marker: str) -> Recalled:
        found = super().recall(marker)
        return replace(found, runs=dict(list(found.runs.items())[1:]))


@faulty
class FailsWhatIsUnknown(Pigeon):
    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        if remote_id is not None and self._documents(remote_id) is None:
            return Progress(_failed(intent))
        return super().poll(intent, remote_id)


@faulty
class FailsInTrouble(Pigeon):
    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        try:
            return super().poll(intent, remote_id)
        except Unavailable:
            return Progress(_failed(intent))


def _failed(intent: Intent) -> list[Failed]:
    failure = Failure(FailureClass.VENDOR_ERROR, "it did not come")
    return [Failed(item.key, failure) for item in intent.batch.items]


@faulty
class TellsOnce(Pigeon):
    """Tells each document's end once, whoever asks."""

    _told: ClassVar[set[tuple[str | None, str]]] = set()

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        progress = super().poll(intent, remote_id)
        where = self._client._host
        new = [each for each in progress.ended if (where + intent.submission, each.key) not in self._told]
        self._told.update((where + intent.submission, each.key) for each in new)
        return replace(progress, ended=new)


@faulty
class LosesResults(Pigeon):
    def fetch(self, intent: Intent, ready: Ready) -> bytes:
        try:
            return super().fetch(intent, ready)
        except Unavailable as error:
            raise Gone(error.message) from None


@faulty
class CancelsOnce(Pigeon):
    _cancelled: str | None = None

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        if remote_id == self._cancelled:
            raise KeyError(remote_id)
        self._cancelled = remote_id
        super().cancel(intent, remote_id)


@faulty
class DiscardsAll(Pigeon):
    _is_empty = False

    def discard(self, intent: Intent) -> None:
        self._is_empty = True

    def fetch(self, intent: Intent, ready: Ready) -> bytes:
        if self._is_empty:
            raise Gone("it was removed")
        return super().fetch(intent, ready)


@faulty
class TellsItsKey(Pigeon):
    def look(self, intent: Intent) -> Sighting:
        try:
            return super().look(intent)
        except Unavailable:
            raise Unavailable(f"not with {self._client._secrets}") from None


class Trusting(PigeonAnswer):
    """Takes a result for what it should be."""

    def __init__(self, payload: bytes) -> None:
        self._pages = json.loads(payload)["pages"]
        self._raw: Mapping[str, object] = {}


class Misattributed(PigeonAnswer):
    def result(self, document: DocumentInfo) -> Result:
        crow = ProviderInfo(type="crow", operation="parse")
        return super().result(document).model_copy(update={"provider": crow})


class Discreet(PigeonAnswer):
    """Offers what its result does not say."""

    warnings = ("guessed: the order of the pages",)


class Tight(PigeonAnswer):
    """Is partial, and does not say what is missing."""

    is_partial = True

    def result(self, document: DocumentInfo) -> Result:
        return super().result(document).model_copy(update={"outcome": "partial"})


def _reading(name: str, read: Callable[[bytes], Answer]) -> None:
    FAULTY[name] = replace(KIND, read=read)


_reading("Trusting", Trusting)
_reading("Misattributed", Misattributed)
_reading("Discreet", Discreet)
_reading("Tight", Tight)
