"""The table of packs of results that lie in a store as well: by their name on this machine, as what object and what they are."""

STORED_PACKS = """
CREATE TABLE stored_pack (
    name TEXT PRIMARY KEY,
    object TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL
) STRICT, WITHOUT ROWID
"""
