"""SQL for items that are parts of others: what is sent of a document is known by the document's own item."""

from collections.abc import Iterator


def whole_of(item: str) -> str:
    """Return SQL for the item that one is a part of, or for itself where it is none."""
    return f"coalesce((SELECT item_part.whole FROM item_part WHERE item_part.part = {item}), {item})"


WHOLE_OF_ROW = f"(SELECT {whole_of('item.id')} FROM item WHERE item.id = ?)"
PARTS = "SELECT part FROM item_part WHERE whole = ? ORDER BY part"
RELATED = "SELECT part FROM item_part WHERE whole = ?1 UNION ALL SELECT whole FROM item_part WHERE part = ?1"
RANGE = "SELECT 1 FROM range_recipe WHERE recipe = ?"


def pending(columns: str, wanted: str, *, of_parts: bool) -> str:
    """Return SQL for items of a recipe that wait and of which a document is `wanted`, with a place of such a one."""
    item = whole_of("item.id") if of_parts else "item.id"
    its = f"document.item = {item} AND document.wanted = 1 AND {wanted}"
    if of_parts:
        # Of a document whose result is there, nothing is sent whatever became of its parts.
        its += f" AND (SELECT status FROM item AS whole WHERE whole.id = {item}) = 'pending'"
    return f"""
        SELECT {columns}, item.priority, (
            SELECT CAST(job.source || x'2f' || document.path AS BLOB) FROM document JOIN job ON job.name = document.job
            WHERE {its} ORDER BY document.job, document.path LIMIT 1)
        FROM item WHERE status = 'pending' AND item.recipe = ? AND EXISTS (SELECT 1 FROM document WHERE {its})
        ORDER BY item.priority, item.id LIMIT ?
    """


def reordered() -> Iterator[str]:
    """Yield SQL that gives what a job waits for the lowest priority number of all jobs that want it."""
    own = "SELECT item FROM document WHERE job = ? AND wanted = 1"
    for item, waiting in (
        ("item.id", own),
        (whole_of("item.id"), f"SELECT part FROM item_part WHERE whole IN ({own})"),
    ):
        yield (
            "UPDATE item SET priority = (SELECT min(job.priority) FROM document JOIN job ON job.name = document.job"
            f" WHERE document.item = {item} AND document.wanted = 1) WHERE status = 'pending' AND id IN ({waiting})"
        )
