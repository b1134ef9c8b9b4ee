"""The tables of documents that are read in parts, each an item of its own."""

PARTS = """
CREATE TABLE range_recipe (
    recipe INTEGER PRIMARY KEY REFERENCES recipe (id),
    whole INTEGER NOT NULL REFERENCES recipe (id),
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT;
CREATE TABLE item_part (
    part INTEGER PRIMARY KEY REFERENCES item (id),
    whole INTEGER NOT NULL REFERENCES item (id)
) STRICT;
CREATE INDEX item_part_whole ON item_part (whole);
CREATE TABLE split_job (
    job TEXT PRIMARY KEY,
    pages INTEGER NOT NULL
) STRICT, WITHOUT ROWID
"""
