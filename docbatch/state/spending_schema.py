"""The tables of what is counted of paid work, and of what waits for the hours of its job."""

CHARGES = """
CREATE TABLE payer (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    connection TEXT NOT NULL,
    labels TEXT NOT NULL,
    UNIQUE (job, connection, labels)
) STRICT;
CREATE TABLE charge (
    submission TEXT NOT NULL REFERENCES submission (id),
    item INTEGER NOT NULL REFERENCES item (id),
    payer INTEGER NOT NULL REFERENCES payer (id),
    day TEXT NOT NULL,
    pages INTEGER,
    credits INTEGER,
    money INTEGER,
    PRIMARY KEY (submission, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX charge_day ON charge (day);
CREATE TEMP TABLE paid AS
    SELECT submission.id AS submission, entry.item AS item, submission.connection AS connection,
        date(submission.intended_at, 'unixepoch') AS day,
        coalesce((SELECT job.name FROM document JOIN job ON job.name = document.job WHERE document.item = entry.item
            ORDER BY job.priority, job.name LIMIT 1), '') AS job
    FROM submission JOIN submission_item AS entry ON entry.submission = submission.id
    JOIN recipe ON recipe.id = submission.recipe WHERE recipe.provider <> 'local';
INSERT INTO payer (job, connection, labels) SELECT DISTINCT job, connection, '{}' FROM paid;
INSERT INTO charge SELECT DISTINCT paid.submission, paid.item, payer.id, paid.day, NULL, NULL, NULL
    FROM paid JOIN payer ON payer.job = paid.job AND payer.connection = paid.connection;
DROP TABLE paid;
"""

WAITING = """
CREATE TABLE waiting (
    item INTEGER NOT NULL REFERENCES item (id),
    job TEXT NOT NULL REFERENCES job (name),
    since REAL NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (item, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_until ON waiting (job, until)
"""

SELECTED = """
CREATE TABLE selected_item (
    selectors TEXT NOT NULL,
    item INTEGER NOT NULL REFERENCES item (id),
    PRIMARY KEY (selectors, item)
) STRICT, WITHOUT ROWID
"""
