"""The steps that bring a state file up to the current version."""

import sqlite3

from sqlite_utils import Database, Migrations

from docbatch.state.checksum import checksum
from docbatch.state.digests import as_is
from docbatch.state.history_schema import HISTORY
from docbatch.state.initial_schema import INITIAL
from docbatch.state.objects_schema import OBJECTS
from docbatch.state.outputs_schema import OUTPUTS
from docbatch.state.packs_schema import STORED_PACKS
from docbatch.state.parts_schema import PARTS
from docbatch.state.spending_schema import CHARGES, SELECTED, WAITING

migrations = Migrations("docbatch")

STAMPS = """
CREATE TABLE new_sink (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL REFERENCES job (name),
    identity TEXT NOT NULL,
    root BLOB,
    output BLOB,
    revision INTEGER NOT NULL DEFAULT -1,
    stamp TEXT,
    wanted INTEGER NOT NULL DEFAULT 1,
    UNIQUE (job, identity)
) STRICT;
INSERT INTO new_sink SELECT id, job, identity, root, output, revision,
    CASE WHEN inode IS NOT NULL THEN printf('%x %x %x', size, mtime_ns, inode) END, wanted FROM sink;

CREATE TABLE new_delivery (
    sink INTEGER NOT NULL REFERENCES sink (id),
    path BLOB NOT NULL,
    output BLOB NOT NULL,
    folded INTEGER,
    result TEXT,
    stamp TEXT,
    due INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sink, path)
) STRICT, WITHOUT ROWID;
INSERT INTO new_delivery SELECT sink, path, output, CASE WHEN output <> x'' THEN folded END, result,
    CASE WHEN inode IS NOT NULL THEN printf('%x %x %x', size, mtime_ns, inode) END, due FROM delivery ORDER BY sink, path;

DROP TABLE delivery;
DROP TABLE sink;
ALTER TABLE new_sink RENAME TO sink;
ALTER TABLE new_delivery RENAME TO delivery;
CREATE INDEX delivery_due ON delivery (sink, path) WHERE due = 1;
CREATE INDEX delivery_aside ON delivery (sink) WHERE due = 2;
CREATE INDEX delivery_folded ON delivery (folded) WHERE folded IS NOT NULL;
"""


LOOKS = """
CREATE TABLE look (
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    count INTEGER NOT NULL,
    first REAL NOT NULL,
    last REAL NOT NULL,
    needed INTEGER NOT NULL,
    until REAL NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (subject, kind)
) STRICT, WITHOUT ROWID
"""


WARNINGS = """
ALTER TABLE item ADD COLUMN warnings TEXT;
ALTER TABLE item ADD COLUMN warned TEXT;
ALTER TABLE item ADD COLUMN empty INTEGER NOT NULL DEFAULT 0;
CREATE INDEX item_warned ON item (warned) WHERE warnings IS NOT NULL;
CREATE INDEX item_empty ON item (id) WHERE empty = 1;
ALTER TABLE job ADD COLUMN on_empty TEXT NOT NULL DEFAULT 'ok'
"""


HINDRANCES = """
CREATE TABLE hindrance (
    connection TEXT NOT NULL,
    call TEXT NOT NULL,
    cause TEXT NOT NULL,
    message TEXT NOT NULL,
    since REAL NOT NULL,
    last REAL NOT NULL,
    next REAL,
    tries INTEGER NOT NULL,
    PRIMARY KEY (connection, call, cause)
) STRICT, WITHOUT ROWID;

CREATE TABLE failed_upload (
    connection TEXT NOT NULL,
    key TEXT NOT NULL,
    tries INTEGER NOT NULL,
    proofs INTEGER NOT NULL,
    PRIMARY KEY (connection, key)
) STRICT, WITHOUT ROWID
"""


TALLIES = """
CREATE TABLE tally (
    of_table TEXT NOT NULL,
    part TEXT NOT NULL,
    rows INTEGER NOT NULL,
    digests INTEGER NOT NULL,
    keys BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (of_table, part)
) STRICT, WITHOUT ROWID;
ALTER TABLE remote_object ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE remote_object SET checksum = row_sum(account, step, remote_id, data, expires)
"""


PACKS = """
CREATE TABLE pack (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    reach INTEGER NOT NULL,
    retired INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE result (
    digest BLOB PRIMARY KEY,
    pack INTEGER NOT NULL,
    start INTEGER NOT NULL,
    length INTEGER NOT NULL
) STRICT, WITHOUT ROWID
"""

BYTES = """
CREATE TABLE new_item (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    recipe INTEGER NOT NULL REFERENCES recipe (id),
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    priority INTEGER NOT NULL,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    result BLOB,
    failure_class TEXT,
    failure_code TEXT,
    failure_message TEXT,
    checksum INTEGER NOT NULL,
    warnings TEXT,
    warned TEXT,
    empty INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO new_item SELECT id, digest_as_is(key), recipe, digest_as_is(digest), size, media_type, priority, status, attempt,
    digest_as_is(result), failure_class, failure_code, failure_message, checksum, warnings, warned, empty FROM item ORDER BY id;
DROP TABLE item;
ALTER TABLE new_item RENAME TO item;
CREATE INDEX item_unfinished ON item (status) WHERE status <> 'succeeded';
CREATE INDEX item_pending ON item (recipe, priority) WHERE status = 'pending';
CREATE INDEX item_warned ON item (warned) WHERE warnings IS NOT NULL;
CREATE INDEX item_empty ON item (id) WHERE empty = 1;

CREATE TABLE new_delivery (
    sink INTEGER NOT NULL REFERENCES sink (id),
    path BLOB NOT NULL,
    output BLOB NOT NULL,
    folded INTEGER,
    result BLOB,
    stamp TEXT,
    due INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sink, path)
) STRICT, WITHOUT ROWID;
INSERT INTO new_delivery SELECT sink, path, output, folded, digest_as_is(result), stamp, due FROM delivery ORDER BY sink, path;
DROP TABLE delivery;
ALTER TABLE new_delivery RENAME TO delivery;
CREATE INDEX delivery_due ON delivery (sink, path) WHERE due = 1;
CREATE INDEX delivery_aside ON delivery (sink) WHERE due = 2;
CREATE INDEX delivery_folded ON delivery (folded) WHERE folded IS NOT NULL
"""


def _run(db: Database, script: str) -> None:
    for statement in script.split(";"):
        if statement.strip():
            db.conn.execute(statement)


@migrations()
def initial(db: Database) -> None:
    _run(db, INITIAL)


@migrations()
def deadlines(db: Database) -> None:
    db.conn.execute("ALTER TABLE job ADD COLUMN timeout REAL")


@migrations()
def abandoned(db: Database) -> None:
    db.conn.execute(
        "CREATE TABLE abandoned (marker TEXT PRIMARY KEY, connection TEXT NOT NULL, account TEXT NOT NULL) STRICT"
    )


@migrations()
def credits_charged(db: Database) -> None:
    db.conn.execute("ALTER TABLE submission_item ADD COLUMN credits REAL")
    db.conn.execute(
        "CREATE INDEX submission_spent ON submission (sequence) WHERE status = 'collected' AND prepared <> '{}'"
    )


@migrations()
def unsent(db: Database) -> None:
    """Tell what certainly was not sent from what was looked for and not found."""
    db.conn.create_function("row_sum", -1, checksum, deterministic=True)
    db.conn.execute(
        "UPDATE submission SET status = 'unsent' WHERE status = 'void' AND 'not_sent' ="
        " (SELECT kind FROM event WHERE event.submission = submission.id ORDER BY event.sequence DESC LIMIT 1)"
    )
    db.conn.execute(
        "UPDATE submission SET checksum = row_sum(id, sequence, connection, account, recipe, status, remote_id,"
        " marker, config, request, prepared) WHERE status = 'unsent'"
    )


@migrations()
def sources(db: Database) -> None:
    """A job's documents lie at a source, which need not be a folder."""
    db.conn.execute("ALTER TABLE job RENAME COLUMN root TO source")


@migrations()
def stamps(db: Database) -> None:
    """Let a stamp be one text that its sink makes, and a sink have no folder and its outputs no collision key.

    The text is the one in which sinks of files write size, time and inode. Foreign keys must be off: tables are replaced.
    """
    _run(db, STAMPS)


@migrations()
def warnings_told(db: Database) -> None:
    """Keep what results warn of, and whether there is nothing to see in a document: a job may take that as failed."""
    _run(db, WARNINGS)


@migrations()
def looks(db: Database) -> None:
    """Keep looks that saw nothing, so that several short runs settle what one long one would."""
    _run(db, LOOKS)


@migrations()
def hindrances_kept(db: Database) -> None:
    """Keep what stops or slows a connection, and which uploads failed how often, for who looks after the run."""
    _run(db, HINDRANCES)


@migrations()
def rows_tallied(db: Database) -> None:
    """Keep what all rows come to, so that one that is lost or changed is noticed. They are counted after the last step."""
    db.conn.create_function("row_sum", -1, checksum, deterministic=True)
    _run(db, TALLIES)


@migrations()
def packs(db: Database) -> None:
    """Keep where results lie in packs. Those of before are moved there by the next run."""
    _run(db, PACKS)


@migrations()
def digests_as_bytes(db: Database) -> None:
    """Keep digests and keys as bytes, and what waits in the order in which it is sent. The counts that are kept hold on.

    The columns keep their order, and checksums are of digests as text. Foreign keys must be off: tables are replaced.
    """
    db.conn.create_function("digest_as_is", 1, as_is, deterministic=True)
    _run(db, BYTES)


@migrations()
def charges(db: Database) -> None:
    """Keep what is counted of paid work. What was sent before counts as documents, on the day it was intended."""
    _run(db, CHARGES)


@migrations()
def history(db: Database) -> None:
    """Keep what was: runs, failed attempts, what documents and jobs were before; and the failures that somebody accepted."""
    _run(db, HISTORY)


@migrations()
def waiting(db: Database) -> None:
    """Keep from when on, and until when, documents wait for the hours of jobs with a deadline. Of before, nobody knows."""
    _run(db, WAITING)


@migrations()
def outputs_written(db: Database) -> None:
    """Keep what outputs come to as they are written, which manifests list them, and since when results are needed no more."""
    _run(db, OUTPUTS)


@migrations()
def objects_found(db: Database) -> None:
    """Keep what was learned of objects in stores by reading them."""
    _run(db, OBJECTS)


@migrations()
def parts_of_documents(db: Database) -> None:
    """Keep which items are ranges of pages of others, and which jobs have none that should be split."""
    _run(db, PARTS)


@migrations()
def selected_items(db: Database) -> None:
    """Keep what runs with selectors have to send. Of before, there were none."""
    _run(db, SELECTED)


@migrations()
def stored_packs(db: Database) -> None:
    """Keep which packs lie in a store as well. Of before, none did."""
    _run(db, STORED_PACKS)


def apply(connection: sqlite3.Connection) -> None:
    """Run what is pending; inside the caller's transaction, so that all of it is done or nothing."""
    migrations.apply(Database(connection))
