"""The tables of what was: runs, what failed when, what documents and jobs were before, and which failures somebody accepted.

With them comes what jobs say beside their own table, whose rows are counted with the columns they have.
`failures_held` has sinks in whose outputs failures are; the mark stands for these. `pace` says how long documents took.

Nothing that is paid depends on them.
"""

HISTORY_TABLES = (
    "acceptance",
    "failure",
    "failures_held",
    "former",
    "former_acceptance",
    "job_change",
    "later_try",
    "pace",
    "policy",
    "problem",
    "queued_again",
    "run",
    "stopping_job",
)
HISTORY = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    command TEXT NOT NULL,
    version TEXT NOT NULL,
    who TEXT NOT NULL,
    commit_id TEXT,
    changed INTEGER,
    began REAL NOT NULL,
    serial INTEGER NOT NULL,
    ended REAL,
    exit_code INTEGER,
    figures TEXT NOT NULL
) STRICT;
CREATE TABLE failure (
    item INTEGER NOT NULL REFERENCES item (id),
    attempt INTEGER NOT NULL,
    submission TEXT,
    class TEXT NOT NULL,
    code TEXT,
    message TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (item, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE policy (
    job TEXT PRIMARY KEY,
    on_partial TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE problem (
    job TEXT NOT NULL,
    path BLOB NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (job, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE acceptance (
    job TEXT NOT NULL,
    path BLOB NOT NULL,
    item INTEGER,
    class TEXT NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    at REAL NOT NULL,
    until REAL,
    PRIMARY KEY (job, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE former (
    job TEXT NOT NULL,
    path BLOB NOT NULL,
    until REAL NOT NULL,
    item INTEGER,
    PRIMARY KEY (job, path, until)
) STRICT, WITHOUT ROWID;
CREATE TABLE job_change (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    what TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    at REAL NOT NULL
) STRICT;
CREATE TABLE later_try (
    item INTEGER PRIMARY KEY REFERENCES item (id),
    attempt INTEGER NOT NULL,
    due REAL NOT NULL
) STRICT;
CREATE TABLE queued_again (
    item INTEGER PRIMARY KEY REFERENCES item (id),
    attempt INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    status TEXT NOT NULL,
    class TEXT,
    code TEXT,
    message TEXT
) STRICT;
CREATE TABLE former_acceptance (
    job TEXT NOT NULL,
    path BLOB NOT NULL,
    number INTEGER NOT NULL,
    item INTEGER,
    class TEXT NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    at REAL NOT NULL,
    until REAL,
    ended REAL NOT NULL,
    ended_by TEXT NOT NULL,
    PRIMARY KEY (job, path, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE stopping_job (
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE INDEX job_change_job ON job_change (job);
CREATE TABLE pace (
    job TEXT PRIMARY KEY,
    documents INTEGER NOT NULL,
    seconds REAL NOT NULL,
    slowest TEXT NOT NULL,
    longest REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE failures_held (
    sink INTEGER PRIMARY KEY REFERENCES sink (id),
    mark TEXT NOT NULL
) STRICT
"""
