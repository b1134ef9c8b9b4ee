"""The tables of outputs: what their bytes came to as they were written, where they lay before, the files beside them, the manifests that list them, and what is let go.

Nothing that is paid depends on them.
"""

OUTPUT_TABLES = ("companion", "left_place", "manifest", "renamed_row", "unneeded", "written")
OUTPUTS = """
CREATE TABLE written (
    sink INTEGER NOT NULL,
    path BLOB NOT NULL,
    size INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (sink, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE left_place (
    sink INTEGER NOT NULL,
    output BLOB NOT NULL,
    folded INTEGER NOT NULL,
    path BLOB NOT NULL,
    stamp TEXT,
    size INTEGER,
    digest BLOB,
    PRIMARY KEY (sink, output)
) STRICT, WITHOUT ROWID;
CREATE INDEX left_place_folded ON left_place (folded);
CREATE TABLE companion (
    sink INTEGER NOT NULL,
    output BLOB NOT NULL,
    path BLOB NOT NULL,
    folded INTEGER NOT NULL,
    stamp TEXT,
    size INTEGER NOT NULL,
    digest BLOB NOT NULL,
    wanted INTEGER NOT NULL,
    PRIMARY KEY (sink, output)
) STRICT, WITHOUT ROWID;
CREATE INDEX companion_path ON companion (sink, path);
CREATE INDEX companion_folded ON companion (folded);
CREATE TABLE manifest (
    job TEXT PRIMARY KEY,
    place BLOB NOT NULL,
    stamp TEXT NOT NULL,
    behind INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE renamed_row (
    sink INTEGER NOT NULL,
    former TEXT NOT NULL,
    path BLOB NOT NULL,
    PRIMARY KEY (sink, former, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE unneeded (
    item INTEGER PRIMARY KEY,
    since REAL NOT NULL
) STRICT
"""
