"""Submissions: what was asked of vendors. Every public method that writes is one transaction."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from docbatch.core.errors import StateError
from docbatch.core.lifecycle import DOUBTFUL, Event, advance
from docbatch.core.models import (
    Failure,
    ItemStatus,
    RemoteObject,
    Submission,
    SubmissionStatus,
)
from docbatch.state.charges import Charges
from docbatch.state.database import Database
from docbatch.state.deliveries import Deliveries
from docbatch.state.entries import Entries
from docbatch.state.events import Events
from docbatch.state.items import Items
from docbatch.state.records import Collected, Frozen, ReadyItem
from docbatch.state.results import Results
from docbatch.state.standing import EXPIRED, RESULT_LOST
from docbatch.state.submission_rows import SUM, read


class Submissions:
    def __init__(
        self, database: Database, items: Items, events: Events, deliveries: Deliveries, results: Results
    ) -> None:
        self._database = database
        self._items = items
        self._entries = Entries(database, items)
        self._charges = Charges(database, items)
        self._events = events
        self._deliveries = deliveries
        self._results = results
        self._matching: dict[str, int] = {}
        self.rounds = self._entries.rounds
        self.waiting = self._entries.waiting
        self.unended = self._entries.unended
        self.wanted_by = self._entries.wanted_by
        self.credits = self._entries.charged

    def open(self) -> Iterator[Submission]:
        """Yield what is not through, in sequence."""
        clause = "WHERE status IN ('intended', 'unanswered', 'submitted', 'held') ORDER BY sequence"
        yield from read(self._database, clause, known=self._matching)

    def spent(self) -> Iterator[Submission]:
        """Yield what is collected, in sequence, as long as something made for it may still be at the vendor."""
        clause = "WHERE status = 'collected' AND prepared <> '{}' ORDER BY sequence"
        yield from read(self._database, clause, known=self._matching)

    def clear(self, identity: str) -> None:
        """Record that nothing is left at the vendor of what was made for a collected submission."""
        with self._database.write():
            self._database.execute("UPDATE submission SET prepared = '{}' WHERE id = ?", (identity,))
            self._seal(identity)

    def all(self) -> Iterator[Submission]:
        yield from read(self._database, "ORDER BY sequence")

    def get(self, identity: str) -> Submission | None:
        return next(read(self._database, "WHERE id = ?", identity), None)

    def markers(self) -> set[str]:
        """Return the markers of all that may have been sent, and of the work that a person gave up.

        What certainly was not sent and shows at the vendor nevertheless was sent by a run that this state does not know.
        """
        rows = self._database.execute(
            "SELECT marker FROM submission WHERE status <> 'unsent' UNION SELECT marker FROM abandoned"
        )
        return {row[0] for row in rows}

    def is_abandoned(self, marker: str) -> bool:
        row = self._database.execute("SELECT 1 FROM abandoned WHERE marker = ?", (marker,)).fetchone()
        return row is not None

    def of_item(self, row: int) -> str | None:
        """Return the open submission that an item travels in, if it does."""
        found = self._database.execute(
            "SELECT submission FROM submission_item WHERE item = ? AND status IN ('running', 'ready', 'partial')",
            (row,),
        ).fetchone()
        return None if found is None else str(found[0])

    def frozen(self, identity: str) -> Frozen:
        row = self._database.execute(
            "SELECT recipe, marker, config, request, prepared FROM submission WHERE id = ?", (identity,)
        ).fetchone()
        recipe, marker, config, request, prepared = row
        objects = {name: RemoteObject(**each) for name, each in json.loads(prepared).items()}
        items = tuple(self._entries.frozen(identity))
        return Frozen(identity, recipe, marker, json.loads(config), request, objects, items)

    def intend(self, submission: Submission, frozen: Frozen, *, now: float) -> None:
        """Record a submission before its first attempt: frozen items and exact bytes, durable in one transaction.

        Its sequence is given here; `now` is wall time, for people. Raises StateError where the state is damaged.
        """
        if self._database.proofs is not None:
            self._database.proofs.prove_counts()
        with self._database.write():
            self._begin(submission, frozen, now)

    def adopt(
        self,
        submission: Submission,
        frozen: Frozen,
        runs: Mapping[str, str],
        failed: Iterable[int],
        now: float,
    ) -> None:
        """Record work that a vendor was found to have, as if its answer had been lost: from now on it is followed.

        `failed` are the rows of those of its items that ended as failed earlier.
        """
        with self._database.write():
            for row in failed:
                self._items.requeue(row)
            self._begin(submission, frozen, now)
            self._advance(submission.id, Event.UNANSWERED, {"reason": "the state did not know it"})
            self._follow(submission.id, Event.FOUND, submission.remote_id, runs)

    def abandon(self, marker: str, connection: str, account: str) -> None:
        """Note that a vendor's work is known and never to be followed."""
        with self._database.write():
            self._database.execute(
                "INSERT OR IGNORE INTO abandoned VALUES (?, ?, ?)", (marker, connection, account)
            )

    def record(self, identity: str, event: Event, **body: object) -> None:
        """Record what became of the submission as a whole and what follows for its items."""
        with self._database.write():
            status = self._advance(identity, event, body)
            if status in {SubmissionStatus.VOID, SubmissionStatus.UNSENT}:
                self._release_all(identity, attempts=0 if event is Event.NOT_SENT else 1)

    def tear(self) -> int:
        """Note of all creates without an answer that an owner who was replaced may still send them; return of how many it was not known."""
        with self._database.write():
            left = [each for each in self.open() if each.status in DOUBTFUL and not each.torn]
            for each in left:
                self._advance(
                    each.id, Event.TORN, {"reason": "another run took over the state from its owner"}
                )
        return len(left)

    def question(self) -> list[str]:
        """Turn creates that a dead process left in flight into open questions; return which."""
        left = [each.id for each in self.open() if each.status is SubmissionStatus.INTENDED]
        for identity in left:
            self.record(identity, Event.UNANSWERED, reason="the process ended before the answer was recorded")
        return left

    def accept(self, identity: str, event: Event, remote_id: str | None, runs: Mapping[str, str]) -> None:
        """Record that the vendor has the work. `runs` are the items' remote ids as far as they are known."""
        with self._database.write():
            self._follow(identity, event, remote_id, runs)

    def hold(self, identity: str, keys: Sequence[str]) -> None:
        """Hold items the vendor shows no trace of: they may exist, so they are never sent again unasked."""
        with self._database.write():
            for item in self._entries.live(identity, keys).values():
                self._entries.hold(identity, item)
            self._finish(identity)

    def refuse(self, identity: str, failure: Failure) -> None:
        """The vendor answered no to the only attempt: every item ends with its reason."""
        with self._database.write():
            self._advance(identity, Event.REFUSED, {"code": failure.code, "message": failure.message})
            for item in self._entries.unended(identity):
                self._entries.end(identity, item, "failed", ItemStatus.FAILED, failure=failure)

    def progress(
        self,
        identity: str,
        ready: Sequence[ReadyItem],
        failed: Mapping[str, Failure],
    ) -> tuple[int, int]:
        """Record what ended at the vendor since it was last asked; return how many did, and how many of these failed."""
        with self._database.write():
            before = self._entries.running(identity)
            live = self._entries.live(identity, [*(each.key for each in ready), *failed])
            for each in ready:
                if each.key in live:
                    self._entries.ready(identity, live[each.key], each)
            for key, failure in failed.items():
                if key in live:
                    self._entries.end(identity, live[key], "failed", ItemStatus.FAILED, failure=failure)
            ended = before - self._entries.running(identity)
            self._finish(identity)
        return ended, sum(key in live for key in failed)

    def collect(self, identity: str, collected: Sequence[Collected]) -> None:
        """Record results that are durable in the spool; their deliveries become due."""
        with self._database.write():
            live = self._entries.live(identity, [each.key for each in collected])
            self._entries.collect(identity, [(live[each.key], each) for each in collected])
            self._results.put((each.result, each.place) for each in collected if each.place is not None)
            self._deliveries.make_due(live[each.key].row for each in collected)
            self._finish(identity)

    def fail(self, identity: str, failed: Mapping[str, Failure]) -> None:
        """Record that results which were ready cannot be had."""
        if not failed:
            return
        with self._database.write():
            for key, item in self._entries.live(identity, list(failed)).items():
                self._entries.end(identity, item, "failed", ItemStatus.FAILED, failure=failed[key])
            self._finish(identity)

    def give_up(self, identity: str, failure: Failure) -> list[str]:
        """Record that nobody waits any more for what the vendor works on; return the keys of those items.

        Results that are ready are still to be had.
        """
        with self._database.write():
            ready = {each.key for each in self._entries.waiting(identity, -1)}
            items = [each for each in self._entries.unended(identity) if each.key not in ready]
            for item in items:
                self._entries.end(identity, item, "failed", ItemStatus.FAILED, failure=failure)
            self._finish(identity)
        return [item.key for item in items]

    def fail_unsent(self, keys: Sequence[str], failure: Failure) -> None:
        """Record that items were refused before there was anything to send."""
        with self._database.write():
            for item in self._items.many(keys):
                if item.status is ItemStatus.PENDING:
                    self._items.set(item, ItemStatus.FAILED, failure=failure)

    def release(self, identity: str, keys: Collection[str]) -> None:
        """Take unprocessed items out of a submission; they wait to be sent again."""
        if not keys:
            return
        with self._database.write():
            for item in self._entries.live(identity, list(keys)).values():
                self._entries.end(identity, item, "released", ItemStatus.PENDING)
            self._finish(identity)

    def fetch_again(self, rows: Iterable[int]) -> set[int]:
        """Let items' results go that were lost here, and have them fetched from the vendor once more; return which can be.

        The others end as expired: having them again costs what they cost at first. What waits for another try goes on waiting.
        """
        found = set()
        with self._database.write():
            for row in rows:
                item = self._items.by_row(row)
                source = self._entries.source_of(item)
                if item.waits:
                    self._items.let_earlier_go(item)
                elif self._items.parts(row):
                    # It is made again of what its parts are.
                    self._items.do_again(row)
                    found.add(row)
                elif source is None:
                    self._items.set(item, ItemStatus.FAILED, failure=RESULT_LOST)
                else:
                    identity, remote_id = source
                    self._advance(identity, Event.RESULT_LOST, {"item": item.key})
                    again = ReadyItem(item.key, remote_id, item.status is ItemStatus.PARTIAL)
                    self._entries.ready(identity, item, again)
                    self._items.set(item, ItemStatus.LIVE)
                    found.add(row)
                self._deliveries.lose(row)
        return found

    def do_again(self, rows: Iterable[int]) -> None:
        """Queue items anew whose results were lost here. For work that costs nothing."""
        with self._database.write():
            for row in rows:
                self._items.do_again(row)
                self._deliveries.lose(row)

    def lose(self, identity: str, *, again: Collection[str]) -> None:
        """The vendor no longer knows the work. The items in `again` are queued, the others wait for consent."""
        with self._database.write():
            self._advance(identity, Event.LOST, {})
            for item in self._entries.unended(identity):
                if item.key in again:
                    self._entries.end(identity, item, "released", ItemStatus.PENDING)
                else:
                    self._entries.end(identity, item, "failed", ItemStatus.FAILED, failure=EXPIRED)

    def _seal(self, identity: str) -> None:
        self._database.execute(f"UPDATE submission SET checksum = {SUM} WHERE id = ?", (identity,))

    def _advance(self, identity: str, event: Event, body: Mapping[str, object]) -> SubmissionStatus:
        submission = self.get(identity)
        if submission is None:
            raise StateError(f"the state knows no submission {identity}")
        status = advance(submission.status, event)
        self._events.append(identity, event, body)
        # Whatever happened to it opens or closes a question: earlier looks answer no later one.
        self._database.execute("DELETE FROM look WHERE subject = ?", (identity,))
        self._database.execute("UPDATE submission SET status = ? WHERE id = ?", (str(status), identity))
        self._seal(identity)
        return status

    def _begin(self, submission: Submission, frozen: Frozen, now: float) -> None:
        """Begin a submission, or begin it again when its earlier attempts were certainly not sent."""
        prepared = json.dumps({name: asdict(made) for name, made in frozen.prepared.items()})
        before = self.get(submission.id)
        status = advance(None if before is None else before.status, Event.INTENDED)
        self._charges.let_go(submission.id)
        self._entries.strike(submission.id)
        self._database.execute("DELETE FROM submission WHERE id = ?", (submission.id,))
        (sequence,) = self._database.execute(
            "SELECT coalesce(max(sequence), 0) + 1 FROM submission"
        ).fetchone()
        self._events.append(submission.id, Event.INTENDED, {"items": len(frozen.items)})
        self._database.execute("DELETE FROM look WHERE subject = ?", (submission.id,))
        self._database.execute(
            "INSERT INTO submission (id, sequence, connection, account, recipe, status, marker, config, request,"
            " prepared, intended_at, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (submission.id, sequence, submission.connection, submission.account, frozen.recipe,
             str(status), frozen.marker, json.dumps(dict(frozen.config)), frozen.request, prepared, now),
        )  # fmt: skip
        self._seal(submission.id)
        self._entries.enlist(submission.id, frozen.items)
        if frozen.reserved is not None:
            keys = [item.key for item in frozen.items]
            self._charges.reserve(submission.id, submission.connection, keys, frozen.reserved, now)

    def _follow(self, identity: str, event: Event, remote_id: str | None, runs: Mapping[str, str]) -> None:
        self._advance(identity, event, {"remote_id": remote_id, "runs": len(runs)})
        self._database.execute("UPDATE submission SET remote_id = ? WHERE id = ?", (remote_id, identity))
        self._seal(identity)
        self._entries.name_runs(identity, runs)

    def _release_all(self, identity: str, *, attempts: int) -> None:
        for item in self._entries.unended(identity):
            self._entries.end(identity, item, "released", ItemStatus.PENDING, attempts=attempts)

    def _finish(self, identity: str) -> None:
        submission = self.get(identity) if self._entries.are_through(identity) else None
        if submission is not None and submission.status is SubmissionStatus.SUBMITTED:
            self._advance(identity, Event.COLLECTED, {})
            # It is never sent again; what was prepared for it is kept until the vendor was told to remove it.
            self._database.execute("UPDATE submission SET request = x'' WHERE id = ?", (identity,))
            self._seal(identity)
