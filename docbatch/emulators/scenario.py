"""What befalls documents at an emulated service, as a person writes it down: how long they take, and how they end."""

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from docbatch.core.errors import UsageError
from docbatch.core.models import Failure, FailureClass
from docbatch.emulators.reading import Reading

# What docbatch puts before a document's own name, to find its work again.
_OURS = re.compile(r"^(?:[a-z0-9]+-[0-9a-f]{20}-|[0-9a-f]{64}-)")


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DocumentFate(_Written):
    """What befalls the documents whose names a pattern matches. The first that matches holds.

    `latency` is how many seconds they take, `fails` the class they fail as, with what the service says of it,
    `lost_pages` are those that are not read, `missing` documents are shown in no list.
    """

    name: str
    latency: float | None = Field(default=None, ge=0, le=86_400)
    fails: FailureClass | None = None
    says: str | None = None
    lost_pages: tuple[int, ...] = ()
    missing: bool = False


class Scenario(_Written):
    """`latency` is how many seconds every document takes, `results_last` how many its result is kept."""

    latency: float = Field(default=0.0, ge=0, le=86_400)
    results_last: float | None = Field(default=None, ge=0)
    documents: tuple[DocumentFate, ...] = ()

    def takes(self, name: str) -> float:
        """Return for how many seconds a document is worked on."""
        fate = self._fate(name)
        return self.latency if fate is None or fate.latency is None else fate.latency

    def hides(self, name: str) -> bool:
        """Say whether the service shows a document in no list."""
        fate = self._fate(name)
        return fate is not None and fate.missing

    def is_gone(self, ended: float, now: float) -> bool:
        """Say whether a result is kept no longer, given when its work ended."""
        return self.results_last is not None and now > ended + self.results_last

    def reading(self, name: str, reading: Reading) -> Reading:
        """Return what becomes of a document that was read."""
        fate = self._fate(name)
        if fate is None:
            return reading
        if fate.fails is not None:
            said = fate.says or f"the scenario lets it fail as {fate.fails}"
            return Reading(failure=Failure(fate.fails, said))
        pages = (
            replace(page, is_lost=page.is_lost or number in fate.lost_pages)
            for number, page in enumerate(reading.pages, 1)
        )
        return replace(reading, pages=tuple(pages))

    def _fate(self, name: str) -> DocumentFate | None:
        own = _OURS.sub("", name)
        return next((each for each in self.documents if fnmatchcase(own, each.name)), None)


def load_scenario(path: Path) -> Scenario:
    """Read a scenario written as YAML. Raises UsageError."""
    from docbatch.specs.yaml import parse  # noqa: PLC0415 - only where there is a scenario

    try:
        nodes = parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: the scenario cannot be read: {error}") from error
    written: Any = nodes[0].plain() if nodes else {}
    try:
        return Scenario.model_validate(written)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the scenario"
        raise UsageError(
            f"{path}: {place}: {first['msg']}",
            hint="it may have latency, results_last and documents: a list of name, latency, fails, says, lost_pages, missing",
        ) from error
