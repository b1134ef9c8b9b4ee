"""What a provider promises about work whose answer was lost, and about work that the state does not know."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from docbatch.core.errors import CredentialsError, Gone, Unavailable, Uncertain
from docbatch.providers.base import Intent, Ready, Recalled, Sighting
from docbatch.testing.bench import Bench
from docbatch.testing.patience import comes_true
from docbatch.testing.promises.promise import is_findable, promise, told, troubled

OTHER_PROJECT = "potherproject"
AHEAD = 1000.0
"""Seconds by which the vendor's clock is before ours while it is asked for its time."""


def _unanswered(subject: Bench[Any]) -> Intent:
    """Return work that the vendor has, and whose answer was lost."""
    provider = subject.provider()
    intent = subject.intent(provider, subject.batch())
    with subject.creates_answered("lost"):
        outcome = subject.tried(provider.create, intent)
    assert isinstance(outcome, Uncertain), f"create {told(outcome)} where the answer was 'lost'"
    return intent


@promise(is_findable)
def a_look_finds_what_was_sent(subject: Bench[Any]) -> Iterator[str]:
    """A look finds the work whose answer was lost, and it is followed to its end, paid once."""
    intent, provider = _unanswered(subject), subject.provider()
    seen: list[Sighting] = []

    def is_found() -> bool:
        seen.append(provider.look(intent))
        return seen[-1].found is not None

    if not comes_true(is_found, subject.vendor.patience):
        yield "a look does not find the work whose answer was lost"
        return
    found = seen[-1].found
    assert found is not None
    ended = subject.followed(provider, intent, found.remote_id)
    if missing := [item.name for item in intent.batch.items if item.key not in ended]:
        yield f"the work was found as {found.remote_id}, and there {', '.join(missing)} never came to an end"
    if twice := [entry for entry, times in Counter(subject.emulator.ledger).items() if times > 1]:
        yield f"the work was found and paid twice, for {twice}"


@promise(is_findable)
def absence_needs_a_witness(subject: Bench[Any]) -> Iterator[str]:
    """A look that finds nothing counts only where something that was certainly made is seen beside it."""
    provider = subject.provider()
    intent = subject.intent(provider, subject.batch())
    sighting = provider.look(intent)
    if sighting.found is not None:
        yield f"a look found {sighting.found.remote_id}, and nothing was sent"
    with subject.elsewhere() as other:
        seen = other.tried(lambda: other.provider().look(intent))
    if isinstance(seen, Sighting) and seen.found is not None:
        yield f"a look at a vendor that has nothing of ours found {seen.found.remote_id}"
    elif isinstance(seen, Sighting) and seen.witness:
        yield (
            "a look claims a witness at a vendor that has nothing of ours: it did not look for one, and the first"
            " look would be believed when the credentials or the lists are wrong"
        )


@promise(is_findable)
def a_look_in_trouble_is_no_absence(subject: Bench[Any]) -> Iterator[str]:
    """A look that was answered badly raises, or sees no witness: work that is there must not be taken for absent."""
    intent = _unanswered(subject)
    for where, _, outcome in troubled(subject, lambda provider: provider.look(intent)):
        if isinstance(outcome, Sighting):
            if outcome.found is None and outcome.witness:
                yield f"a look says that the work is not there, and it is, {where}"
        elif not isinstance(outcome, Unavailable | CredentialsError):
            yield f"a look {told(outcome)} {where}"


@promise(is_findable)
def looks_tell_the_vendors_time(subject: Bench[Any]) -> Iterator[str]:
    """A look and a survey tell when they were answered, by the vendor's clock: by this one nothing may be absent."""
    provider, clock = subject.provider(), subject.emulator.clock
    intent = subject.intent(provider, subject.batch())
    subject.emulator.clock = lambda: clock() + AHEAD
    try:
        before = subject.emulator.date()
        dates = {
            "a look": provider.look(intent).date,
            "a survey": provider.survey(f"{subject.project}-").date,
        }
    finally:
        subject.emulator.clock = clock
    for question, date in dates.items():
        if date is None:
            yield f"{question} does not tell when it was answered: nothing could ever count as absent"
        elif not before - 1 <= date <= before + AHEAD / 2:
            yield f"{question} tells another time than the vendor does: it is {date - before:+.0f} s away"


@promise(is_findable)
def a_survey_shows_this_projects_work(subject: Bench[Any]) -> Iterator[str]:
    """A survey shows the markers of all of this project's work, and of no other's."""
    provider = subject.provider()
    batches = [
        subject.batch(1),
        subject.batch(2),
        subject.batch(1, project=OTHER_PROJECT),
        subject.batch(1, project=f"{subject.project}x"),
    ]
    for batch in batches:
        provider.create(subject.intent(provider, batch))
    ours = {batch.marker for batch in batches[:2]}
    seen = list(subject.provider().survey(f"{subject.project}-").markers)
    if missing := sorted(ours - set(seen)):
        yield f"a survey does not show {missing}"
    if strange := sorted(set(seen) - ours):
        yield f"a survey shows {strange}, which is not work of this project"
    for where, _, outcome in troubled(
        subject, lambda provider: set(provider.survey(f"{subject.project}-").markers)
    ):
        if isinstance(outcome, set):
            if outcome != ours:
                yield f"a survey shows only a part and says nothing of it {where}"
        elif not isinstance(outcome, Unavailable | CredentialsError):
            yield f"a survey {told(outcome)} {where}"


@promise(is_findable)
def what_a_survey_shows_can_be_recalled(subject: Bench[Any]) -> Iterator[str]:
    """Work that the state does not know is read back by its marker, and its results are had without paying again."""
    provider = subject.provider()
    batch = subject.batch()
    provider.create(subject.intent(provider, batch))
    elsewhere = subject.provider()
    found = elsewhere.recall(batch.marker)
    keys = {item.key for item in batch.items}
    if strange := found.runs.keys() - keys:
        yield f"what was recalled names items that were never sent: {sorted(strange)}"
    if missing := [subject.name(key) for key in sorted(keys - found.runs.keys())]:
        yield f"what was recalled does not name {', '.join(missing)}: these would be sent and paid again"
    known = Intent(batch.submission, batch.marker, b"", batch, found.prepared)
    ended = subject.followed(elsewhere, known, found.remote_id)
    for item in batch.items:
        ready = ended.get(item.key)
        outcome = subject.tried(elsewhere.fetch, known, ready) if isinstance(ready, Ready) else None
        if outcome is None or isinstance(outcome, Exception):
            yield f"recalled, the result of {item.name} is not had: {told(outcome)}"
    lost = subject.tried(lambda: elsewhere.recall(f"{subject.project}-s{'0' * 20}"))
    if not isinstance(lost, Gone):
        yield f"the recall of work that never was {told(lost)}; it raises Gone"
    for where, _, again in troubled(subject, lambda provider: provider.recall(batch.marker)):
        is_whole = isinstance(again, Recalled) and again.runs == found.runs
        if not is_whole and not isinstance(again, Unavailable | CredentialsError):
            yield f"a recall {told(again)} {where}"


@promise()
def unknown_work_is_not_taken_for_failed(subject: Bench[Any]) -> Iterator[str]:
    """Work that the vendor does not know is Gone or unseen; no document ends because of that."""
    provider = subject.provider()
    intent = subject.intent(provider, subject.batch())
    accepted = provider.create(intent)
    with subject.elsewhere() as other:
        outcome = other.tried(lambda: other.provider().poll(intent, accepted.remote_id))
    if isinstance(outcome, Exception):
        if not isinstance(outcome, Gone | Unavailable | CredentialsError):
            yield f"a poll at a vendor that has nothing of ours {told(outcome)}"
    elif outcome.ended:
        yield f"a poll at a vendor that has nothing of ours says how documents ended: {list(outcome.ended)}"
