"""Submissions: what was asked of vendors. Every public method that writes is one transaction."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from docbatch.errors import StateError
from docbatch.lifecycle import Event, advance
from docbatch.models import (
    Failure,
    FailureClass,
    ItemStatus,
    RemoteObject,
    Submission,
    SubmissionStatus,
    WorkItem,
)
from docbatch.state import items as item_rows
from docbatch.state.checksum import compare
from docbatch.state.database import Database
from docbatch.state.deliveries import Deliveries
from docbatch.state.events import Events
from docbatch.state.items import Items, RecordedItem
from docbatch.state.records import Collected, Frozen, Waiting

SUM = (
    "row_sum(id, sequence, connection, account, recipe, status, remote_id, marker, config, request, prepared)"
)
EXPIRED = Failure(
    FailureClass.EXPIRED,
    "the vendor no longer has the work or its result; it is not sent again without consent",
)


class Submissions:
    def __init__(self, database: Database, items: Items, events: Events, deliveries: Deliveries) -> None:
        self._database = database
        self._items = items
        self._events = events
        self._deliveries = deliveries

    def open(self) -> Iterator[Submission]:
        """Yield what is not through, in sequence."""
        clause = "WHERE status IN ('intended', 'unanswered', 'submitted', 'held') ORDER BY sequence"
        yield from self._read(clause)

    def all(self) -> Iterator[Submission]:
        yield from self._read("ORDER BY sequence")

    def get(self, identity: str) -> Submission | None:
        return next(self._read("WHERE id = ?", identity), None)

    def markers(self) -> set[str]:
        return {row[0] for row in self._database.execute("SELECT marker FROM submission")}

    def frozen(self, identity: str) -> Frozen:
        row = self._database.execute(
            "SELECT recipe, marker, config, request, prepared FROM submission WHERE id = ?", (identity,)
        ).fetchone()
        recipe, marker, config, request, prepared = row
        objects = {name: RemoteObject(**each) for name, each in json.loads(prepared).items()}
        items = tuple(self._frozen_items(identity))
        return Frozen(identity, recipe, marker, json.loads(config), request, objects, items)

    def rounds(self, keys: Sequence[str]) -> int:
        """Return how often the most often sent of these items was part of a submission."""
        most = 0
        for item in self._items.many(keys):
            row = self._database.execute(
                "SELECT count(*) FROM submission_item WHERE item = ?", (item.row,)
            ).fetchone()
            most = max(most, int(row[0]))
        return most

    def waiting(self, identity: str, limit: int) -> list[Waiting]:
        rows = self._database.execute(
            "SELECT item.key, entry.remote_id, entry.status = 'partial' FROM submission_item AS entry"
            " JOIN item ON item.id = entry.item"
            " WHERE entry.submission = ? AND entry.status IN ('ready', 'partial') ORDER BY entry.position LIMIT ?",
            (identity, limit),
        )
        return [Waiting(key, remote_id, bool(partial)) for key, remote_id, partial in rows]

    def intend(self, submission: Submission, frozen: Frozen, *, now: float) -> None:
        """Record a submission before its first attempt: frozen items and exact bytes, durable in one transaction.

        Its sequence is given here; `now` is wall time, for people.
        """
        prepared = json.dumps({name: asdict(made) for name, made in frozen.prepared.items()})
        with self._database.write():
            sequence = self._database.execute(
                "SELECT coalesce(max(sequence), 0) + 1 FROM submission"
            ).fetchone()[0]
            self._events.append(submission.id, Event.INTENDED, {"items": len(frozen.items)})
            self._database.execute(
                "INSERT INTO submission (id, sequence, connection, account, recipe, status, marker, config, request,"
                " prepared, intended_at, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (submission.id, sequence, submission.connection, submission.account, frozen.recipe,
                 str(submission.status), frozen.marker, json.dumps(dict(frozen.config)), frozen.request, prepared, now),
            )  # fmt: skip
            self._seal(submission.id)
            for position, item in enumerate(frozen.items):
                self._enlist(submission.id, position, item)

    def record(self, identity: str, event: Event, **body: object) -> None:
        """Record what became of the submission as a whole and what follows for its items."""
        with self._database.write():
            status = self._advance(identity, event, body)
            if status is SubmissionStatus.VOID:
                self._release_all(identity, attempts=0 if event is Event.NOT_SENT else 1)

    def question(self) -> list[str]:
        """Turn creates that a dead process left in flight into open questions; return which."""
        left = [each.id for each in self.open() if each.status is SubmissionStatus.INTENDED]
        for identity in left:
            self.record(identity, Event.UNANSWERED, reason="the process ended before the answer was recorded")
        return left

    def accept(self, identity: str, event: Event, remote_id: str | None, runs: Mapping[str, str]) -> None:
        """Record that the vendor has the work. `runs` are the items' remote ids as far as they are known."""
        with self._database.write():
            self._advance(identity, event, {"remote_id": remote_id, "runs": len(runs)})
            self._database.execute("UPDATE submission SET remote_id = ? WHERE id = ?", (remote_id, identity))
            self._seal(identity)
            for key, run in runs.items():
                self._database.execute(
                    "UPDATE submission_item SET remote_id = ?"
                    " WHERE submission = ? AND item = (SELECT id FROM item WHERE key = ?)",
                    (run, identity, key),
                )

    def hold(self, identity: str, keys: Sequence[str]) -> None:
        """Hold items the vendor shows no trace of: they may exist, so they are never sent again unasked."""
        with self._database.write():
            for item in self._live(identity, keys).values():
                self._end(identity, item, "missing", ItemStatus.HELD)
            self._finish(identity)

    def refuse(self, identity: str, failure: Failure) -> None:
        """The vendor answered no to the only attempt: every item ends with its reason."""
        with self._database.write():
            self._advance(identity, Event.REFUSED, {"code": failure.code, "message": failure.message})
            for item in self._running(identity):
                self._end(identity, item, "failed", ItemStatus.FAILED, failure=failure)

    def progress(self, identity: str, ready: Iterable[Waiting], failed: Mapping[str, Failure]) -> None:
        """Record which items ended at the vendor; what ended earlier stays as it is."""
        with self._database.write():
            ready = list(ready)
            running = self._live(identity, [each.key for each in ready] + list(failed))
            for each in ready:
                if each.key in running:
                    self._database.execute(
                        "UPDATE submission_item SET status = ?, remote_id = ? WHERE submission = ? AND item = ?",
                        (
                            "partial" if each.partial else "ready",
                            each.remote_id,
                            identity,
                            running[each.key].row,
                        ),
                    )
            for key, failure in failed.items():
                if key in running:
                    self._end(identity, running[key], "failed", ItemStatus.FAILED, failure=failure)
            self._finish(identity)

    def collect(self, identity: str, collected: Iterable[Collected]) -> None:
        """Record results that are durable in the spool; their deliveries become due."""
        with self._database.write():
            collected = list(collected)
            live = self._live(identity, [each.key for each in collected])
            for each in collected:
                item = live[each.key]
                status = ItemStatus.PARTIAL if each.partial else ItemStatus.SUCCEEDED
                self._end(identity, item, "done", status, result=each.result)
            self._deliveries.make_due(item.row for item in live.values())
            self._finish(identity)

    def fail(self, identity: str, failed: Mapping[str, Failure]) -> None:
        """Record that results which were ready cannot be had."""
        if not failed:
            return
        with self._database.write():
            for key, item in self._live(identity, list(failed)).items():
                self._end(identity, item, "failed", ItemStatus.FAILED, failure=failed[key])
            self._finish(identity)

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
            for item in self._live(identity, list(keys)).values():
                self._end(identity, item, "released", ItemStatus.PENDING)
            self._finish(identity)

    def lose(self, identity: str, *, again: Collection[str]) -> None:
        """The vendor no longer knows the work. The items in `again` are queued, the others wait for consent."""
        with self._database.write():
            self._advance(identity, Event.LOST, {})
            for item in self._running(identity):
                if item.key in again:
                    self._end(identity, item, "released", ItemStatus.PENDING)
                else:
                    self._end(identity, item, "failed", ItemStatus.FAILED, failure=EXPIRED)

    def _read(self, clause: str, *parameters: str) -> Iterator[Submission]:
        rows = self._database.execute(
            "SELECT id, sequence, connection, account, status, remote_id,"
            " (SELECT count(*) FROM submission_item AS e WHERE e.submission = submission.id"
            "   AND e.status IN ('ready', 'partial')),"
            " (SELECT count(*) FROM submission_item AS e WHERE e.submission = submission.id AND e.status = 'running'),"
            " EXISTS (SELECT 1 FROM event WHERE submission = submission.id AND kind = 'replay_refused'),"
            f" checksum, {SUM} FROM submission {clause}",
            parameters,
        ).fetchall()
        for identity, sequence, connection, account, status, *rest, recorded, found in rows:
            compare(f"submission {identity}", recorded, found)
            remote_id, ready, running, refused = rest
            yield Submission(
                id=identity,
                sequence=sequence,
                connection=connection,
                account=account,
                status=SubmissionStatus(status),
                remote_id=remote_id,
                ready=ready,
                running=running,
                replay_refused=bool(refused),
            )

    def _seal(self, identity: str) -> None:
        self._database.execute(f"UPDATE submission SET checksum = {SUM} WHERE id = ?", (identity,))

    def _advance(self, identity: str, event: Event, body: Mapping[str, object]) -> SubmissionStatus:
        submission = self.get(identity)
        if submission is None:
            raise StateError(f"the state knows no submission {identity}", hint="see 'docbatch state list'")
        status = advance(submission.status, event)
        self._events.append(identity, event, body)
        self._database.execute("UPDATE submission SET status = ? WHERE id = ?", (str(status), identity))
        self._seal(identity)
        return status

    def _enlist(self, identity: str, position: int, item: WorkItem) -> None:
        recorded = self._items.get(item.key)
        if recorded is None or recorded.status is not ItemStatus.PENDING:
            status = "unknown" if recorded is None else recorded.status
            raise StateError(
                f"item {item.key[:12]} ({item.name}) is {status}, not waiting to be sent; nothing was sent"
            )
        self._database.execute(
            "INSERT INTO submission_item VALUES (?, ?, ?, ?, ?, 'running', NULL)",
            (identity, position, recorded.row, item.name, item.path),
        )
        self._items.set(recorded, ItemStatus.LIVE)

    def _running(self, identity: str) -> list[RecordedItem]:
        """Return the items that have not ended, in position order."""
        rows = self._database.execute(
            f"SELECT {item_rows.JOINED} FROM submission_item AS entry JOIN item ON item.id = entry.item"
            " WHERE entry.submission = ? AND entry.status IN ('running', 'ready', 'partial') ORDER BY entry.position",
            (identity,),
        )
        return [item_rows.read(row) for row in rows.fetchall()]

    def _live(self, identity: str, keys: Sequence[str]) -> dict[str, RecordedItem]:
        """Return those of the items that have not ended, by key."""
        live = {}
        for item in self._items.many(keys):
            row = self._database.execute(
                "SELECT 1 FROM submission_item WHERE submission = ? AND item = ?"
                " AND status IN ('running', 'ready', 'partial')",
                (identity, item.row),
            ).fetchone()
            if row is not None:
                live[item.key] = item
        return live

    def _frozen_items(self, identity: str) -> Iterator[WorkItem]:
        rows = self._database.execute(
            f"SELECT {item_rows.JOINED}, entry.name, entry.path, item.priority"
            " FROM submission_item AS entry JOIN item ON item.id = entry.item"
            " WHERE entry.submission = ? ORDER BY entry.position",
            (identity,),
        )
        for *columns, name, path, priority in rows:
            item = item_rows.read(columns)
            yield WorkItem(
                key=item.key,
                recipe=str(item.recipe),
                digest=item.digest,
                size=item.size,
                media_type=item.media_type,
                name=name,
                path=path,
                priority=priority,
                attempt=item.attempt,
            )

    def _end(
        self,
        identity: str,
        item: RecordedItem,
        entry: str,
        status: ItemStatus,
        *,
        result: str | None = None,
        failure: Failure | None = None,
        attempts: int = 0,
    ) -> None:
        self._database.execute(
            "UPDATE submission_item SET status = ? WHERE submission = ? AND item = ?",
            (entry, identity, item.row),
        )
        self._items.set(item, status, result=result, failure=failure, attempts=attempts)

    def _release_all(self, identity: str, *, attempts: int) -> None:
        for item in self._running(identity):
            self._end(identity, item, "released", ItemStatus.PENDING, attempts=attempts)

    def _finish(self, identity: str) -> None:
        left = self._database.execute(
            "SELECT 1 FROM submission_item WHERE submission = ? AND status IN ('running', 'ready', 'partial') LIMIT 1",
            (identity,),
        ).fetchone()
        submission = self.get(identity) if left is None else None
        if submission is not None and submission.status is SubmissionStatus.SUBMITTED:
            self._advance(identity, Event.COLLECTED, {})
            # What might have been sent again or looked for is needed no more.
            self._database.execute(
                "UPDATE submission SET request = x'', prepared = '{}' WHERE id = ?", (identity,)
            )
            self._seal(identity)
