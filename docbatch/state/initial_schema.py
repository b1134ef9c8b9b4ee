"""The tables that the first version of the state had; `migrations` says what became of them."""

INITIAL = """
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE recipe (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    account TEXT NOT NULL,
    operation TEXT NOT NULL,
    config TEXT NOT NULL,
    pins TEXT NOT NULL
) STRICT;

CREATE TABLE job (
    name TEXT PRIMARY KEY,
    connection TEXT NOT NULL,
    recipe INTEGER NOT NULL REFERENCES recipe (id),
    config TEXT NOT NULL,
    root BLOB NOT NULL,
    priority INTEGER NOT NULL,
    pins TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    recipe INTEGER NOT NULL REFERENCES recipe (id),
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    priority INTEGER NOT NULL,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    result TEXT,
    failure_class TEXT,
    failure_code TEXT,
    failure_message TEXT,
    checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX item_unfinished ON item (status) WHERE status <> 'succeeded';
CREATE INDEX item_pending ON item (recipe, priority, key) WHERE status = 'pending';

CREATE TABLE document (
    job TEXT NOT NULL REFERENCES job (name),
    path BLOB NOT NULL,
    item INTEGER REFERENCES item (id),
    problem_class TEXT,
    problem_message TEXT,
    wanted INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (job, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_problem ON document (job) WHERE item IS NULL;
CREATE INDEX document_item ON document (item) WHERE item IS NOT NULL;

CREATE TABLE sink (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL REFERENCES job (name),
    identity TEXT NOT NULL,
    root BLOB NOT NULL,
    output BLOB,
    revision INTEGER NOT NULL DEFAULT -1,
    size INTEGER,
    mtime_ns INTEGER,
    inode INTEGER,
    wanted INTEGER NOT NULL DEFAULT 1,
    UNIQUE (job, identity)
) STRICT;

CREATE TABLE delivery (
    sink INTEGER NOT NULL REFERENCES sink (id),
    path BLOB NOT NULL,
    output BLOB NOT NULL,
    folded INTEGER NOT NULL,
    result TEXT,
    size INTEGER,
    mtime_ns INTEGER,
    inode INTEGER,
    due INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sink, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (sink, path) WHERE due = 1;
CREATE INDEX delivery_aside ON delivery (sink) WHERE due = 2;
CREATE INDEX delivery_folded ON delivery (folded);

CREATE TABLE submission (
    id TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL UNIQUE,
    connection TEXT NOT NULL,
    account TEXT NOT NULL,
    recipe INTEGER NOT NULL REFERENCES recipe (id),
    status TEXT NOT NULL,
    marker TEXT NOT NULL,
    config TEXT NOT NULL,
    request BLOB NOT NULL,
    prepared TEXT NOT NULL,
    remote_id TEXT,
    intended_at REAL NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX submission_open ON submission (sequence)
    WHERE status IN ('intended', 'unanswered', 'submitted', 'held');

CREATE TABLE submission_item (
    submission TEXT NOT NULL REFERENCES submission (id),
    position INTEGER NOT NULL,
    item INTEGER NOT NULL REFERENCES item (id),
    name TEXT NOT NULL,
    path BLOB NOT NULL,
    status TEXT NOT NULL,
    remote_id TEXT,
    PRIMARY KEY (submission, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX submission_item_item ON submission_item (item);
CREATE UNIQUE INDEX item_lives_once ON submission_item (item) WHERE status IN ('running', 'ready', 'partial');

CREATE TABLE remote_object (
    account TEXT NOT NULL,
    step TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    data TEXT NOT NULL,
    expires REAL,
    PRIMARY KEY (account, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    submission TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    at TEXT NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX event_submission ON event (submission, sequence);
"""
