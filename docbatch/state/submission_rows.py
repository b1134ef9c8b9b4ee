"""Rows of submissions as values, each held to its checksum."""

from collections.abc import Iterator

from docbatch.core.models import Submission, SubmissionStatus
from docbatch.state.checksum import compare
from docbatch.state.database import Database

SUM = (
    "row_sum(id, sequence, connection, account, recipe, status, remote_id, marker, config, request, prepared)"
)


def read(
    database: Database, clause: str, *parameters: str, known: dict[str, int] | None = None
) -> Iterator[Submission]:
    """Yield the submissions that a clause chooses, in its order. Raises StateError where a row's checksum does not match.

    `known` holds the checksums of rows seen to match: who asks again and again has each row summed up once a change.
    """
    rows = database.execute(
        "SELECT id, sequence, connection, account, status, remote_id,"
        " (SELECT count(*) FROM submission_item AS e WHERE e.submission = submission.id"
        "   AND e.status IN ('ready', 'partial')),"
        " (SELECT count(*) FROM submission_item AS e WHERE e.submission = submission.id AND e.status = 'running'),"
        " EXISTS (SELECT 1 FROM event WHERE submission = submission.id AND kind = 'replay_refused'),"
        " EXISTS (SELECT 1 FROM event WHERE submission = submission.id AND kind IN ('found', 'resolved_found')),"
        " status IN ('intended', 'unanswered', 'held')"
        "   AND EXISTS (SELECT 1 FROM event WHERE submission = submission.id AND kind = 'torn'),"
        f" checksum, {SUM if known is None else 'NULL'} FROM submission {clause}",
        parameters,
    ).fetchall()
    for identity, sequence, connection, account, status, *rest, recorded, found in rows:
        if known is None:
            compare(f"submission {identity}", recorded, found)
        elif known.get(identity) != recorded:
            compare(f"submission {identity}", recorded, _sum_of(database, identity))
            known[identity] = recorded
        remote_id, ready, running, refused, was_found, torn = rest
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
            found=bool(was_found),
            torn=bool(torn),
        )


def _sum_of(database: Database, identity: str) -> int:
    (found,) = database.execute(f"SELECT {SUM} FROM submission WHERE id = ?", (identity,)).fetchone()
    return int(found)
