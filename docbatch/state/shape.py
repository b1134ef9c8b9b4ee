"""What a state consists of: its tables, their columns and its indexes, as every version before is brought up to."""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from docbatch.core.errors import StateError

TABLES: Mapping[str, str] = {
    "abandoned": "marker connection account",
    "acceptance": "job path item class reason who at until",
    "charge": "submission item payer day pages credits money",
    "companion": "sink output path folded stamp size digest wanted",
    "counted_extent": "digest media_type version pages sheets cells",
    "delivery": "sink path output folded result stamp due",
    "document": "job path item problem_class problem_message wanted",
    "event": "sequence submission kind body at checksum",
    "failed_upload": "connection key tries proofs",
    "failure": "item attempt submission class code message at",
    "failures_held": "sink mark",
    "former": "job path until item",
    "former_acceptance": "job path number item class reason who at until ended ended_by",
    "found_object": "place status digest media_type version",
    "hindrance": "connection call cause message since last next tries",
    "item": "id key recipe digest size media_type priority status attempt result failure_class failure_code"
    " failure_message checksum warnings warned empty",
    "item_part": "part whole",
    "job": "name connection recipe config source priority pins revision timeout on_empty",
    "job_change": "id job what old new at",
    "later_try": "item attempt due",
    "left_place": "sink output folded path stamp size digest",
    "manifest": "job place stamp behind",
    "look": "subject kind place count first last needed until checksum",
    "meta": "name value",
    "payer": "id job connection labels",
    "object_metadata": "place said",
    "opened_container": "digest kind number version last members",
    "pace": "job documents seconds slowest longest",
    "pack": "id name reach retired checksum",
    "policy": "job on_partial",
    "problem": "job path since",
    "queued_again": "item attempt sequence status class code message",
    "range_recipe": "recipe whole first last",
    "recipe": "id key provider account operation config pins",
    "remote_object": "account step remote_id data expires checksum",
    "renamed_row": "sink former path",
    "result": "digest pack start length",
    "selected_item": "selectors item",
    "run": "id command version who commit_id changed began serial ended exit_code figures",
    "sink": "id job identity root output revision stamp wanted",
    "split_job": "job pages",
    "stopping_job": "name",
    "submission": "id sequence connection account recipe status marker config request prepared remote_id intended_at"
    " checksum",
    "submission_item": "submission position item name path status remote_id credits",
    "unneeded": "item since",
    "written": "sink path size digest",
    "stored_pack": "name object size sha256",
    "tally": "of_table part rows digests keys checksum",
    "waiting": "item job since until",
}
"""The columns of each table. Tables that somebody added are passed over."""

INDEXES = frozenset(
    {
        "charge_day", "companion_folded", "companion_path", "delivery_aside", "delivery_due", "delivery_folded", "document_item", "document_problem", "event_submission",
        "item_empty", "job_change_job", "item_lives_once", "item_part_whole", "item_pending", "item_unfinished", "item_warned", "left_place_folded", "submission_item_item",
        "submission_open", "submission_spent", "waiting_until",
    }
)  # fmt: skip
"""Indexes with a name of their own: some are asked for by it, and one keeps a document from being sent twice at once."""

_COLUMNS = """
    SELECT made.name, group_concat(own.name, ' ') FROM sqlite_schema AS made, pragma_table_info(made.name) AS own
    WHERE made.type = 'table' GROUP BY made.name
"""


def refuse_other_shape(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StateError where a state of the current version lacks a table, a column or an index, or has other columns."""
    fault = next(_faults(connection), None)
    if fault is not None:
        raise StateError(
            f"{path}: the state is damaged: {fault}",
            hint="nothing was changed. Restore it from a backup, or move it away; 'docbatch recover' then takes over what was sent",
        )


def _faults(connection: sqlite3.Connection) -> Iterator[str]:
    found = dict(connection.execute(_COLUMNS).fetchall())
    for table, columns in TABLES.items():
        if table not in found:
            yield f"the table {table} is missing"
        elif sorted(found[table].split()) != sorted(columns.split()):
            yield f"the table {table} has other columns than docbatch gave it"
    indexes = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    for index in sorted(INDEXES - indexes):
        yield f"the index {index} is missing"
