"""The tables of what was learned of objects in stores by reading them, which another machine need not read again.

Nothing that is paid depends on them.
"""

OBJECT_TABLES = ("counted_extent", "found_object", "object_metadata", "opened_container")
OBJECTS = """
CREATE TABLE found_object (
    place BLOB PRIMARY KEY,
    status BLOB NOT NULL,
    digest BLOB NOT NULL,
    media_type TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE object_metadata (
    place BLOB PRIMARY KEY,
    said TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE opened_container (
    digest BLOB NOT NULL,
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    last BLOB NOT NULL,
    members BLOB NOT NULL,
    PRIMARY KEY (digest, kind, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE counted_extent (
    digest BLOB NOT NULL,
    media_type TEXT NOT NULL,
    version INTEGER NOT NULL,
    pages INTEGER,
    sheets INTEGER,
    cells INTEGER,
    PRIMARY KEY (digest, media_type)
) STRICT, WITHOUT ROWID
"""
