"""Documents that are read in parts: which items are ranges of pages of which other item.

The item of the document itself is never sent. It waits until all of its parts have ended, and takes what was made of them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from docbatch.core.models import ItemStatus
from docbatch.state import items as item_rows
from docbatch.state.database import Database, marked, windows
from docbatch.state.items import WAITING, Items, RecordedItem
from docbatch.state.part_queries import whole_of


class RangeRecipe(NamedTuple):
    """The first and the last page that a recipe has read, and the row of the recipe of the documents they are of."""

    first: int
    last: int
    whole: int


@dataclass(frozen=True, slots=True)
class RecordedPart:
    """A range of pages of a document, from 1, both ends included, and its item."""

    first: int
    last: int
    item: RecordedItem


class PartStanding(NamedTuple):
    """How many parts a document has, how many wait to be sent, are with the provider or held, and how many did not end well."""

    parts: int = 0
    pending: int = 0
    live: int = 0
    held: int = 0
    broken: int = 0

    @property
    def status(self) -> ItemStatus | None:
        """What the document itself counts as while its parts are under way; None where they have ended."""
        if self.pending:
            return ItemStatus.PENDING
        if self.live:
            return ItemStatus.LIVE
        return ItemStatus.HELD if self.held else None


class DocumentParts:
    def __init__(self, database: Database, items: Items) -> None:
        self._database = database
        self._items = items

    def declare_range(self, recipe: int, found: RangeRecipe) -> None:
        """Note inside the current transaction which pages a recipe has read."""
        self._database.execute(
            "INSERT OR REPLACE INTO range_recipe VALUES (?, ?, ?, ?)",
            (recipe, found.whole, found.first, found.last),
        )

    def link(self, whole: int, parts: Iterable[int]) -> None:
        """Note inside the current transaction which items are the parts of one."""
        self._database.executemany(
            "INSERT OR REPLACE INTO item_part (part, whole) VALUES (?, ?)", ((part, whole) for part in parts)
        )

    def ranges(self, wholes: Collection[int]) -> dict[int, RangeRecipe]:
        """Return the recipes, by their rows, of parts of what these recipes are for, in the order of their pages."""
        rows = self._database.execute(
            f"SELECT recipe, first, last, whole FROM range_recipe WHERE {marked('whole', list(wholes))} ORDER BY first",
            tuple(wholes),
        )
        return {row: RangeRecipe(*found) for row, *found in rows.fetchall()}

    def range_of(self, recipe: int) -> RangeRecipe | None:
        """Return which pages a recipe has read, None for one that has documents read whole."""
        row = self._database.execute(
            "SELECT first, last, whole FROM range_recipe WHERE recipe = ?", (recipe,)
        ).fetchone()
        return None if row is None else RangeRecipe(*row)

    def travel_in(self, submission: str) -> bool:
        """Say whether a submission has parts of documents."""
        row = self._database.execute(
            "SELECT 1 FROM submission JOIN range_recipe ON range_recipe.recipe = submission.recipe WHERE submission.id = ?",
            (submission,),
        ).fetchone()
        return row is not None

    def of(self, whole: int) -> list[RecordedPart]:
        """Return the parts of an item in the order of their pages; none where it is read whole."""
        rows = self._database.execute(
            f"SELECT range_recipe.first, range_recipe.last, {item_rows.READING} FROM item_part"
            " JOIN item ON item.id = item_part.part JOIN range_recipe ON range_recipe.recipe = item.recipe"
            " WHERE item_part.whole = ? ORDER BY range_recipe.first",
            (whole,),
        )
        return [
            RecordedPart(first, last, item_rows.read(columns)) for first, last, *columns in rows.fetchall()
        ]

    def standing(self, wholes: Sequence[int]) -> dict[int, PartStanding]:
        """Return how the parts of items stand, of those that have any."""
        found: dict[int, PartStanding] = {}
        for window in windows(list(wholes)):
            rows = self._database.execute(
                "SELECT item_part.whole, count(*), sum(item.status = 'pending'), sum(item.status = 'live'),"
                " sum(item.status = 'held'), sum(item.status IN ('failed', 'partial'))"
                f" FROM item_part JOIN item ON item.id = item_part.part WHERE {marked('item_part.whole', window)} GROUP BY 1",
                window,
            )
            found |= {whole: PartStanding(*counts) for whole, *counts in rows.fetchall()}
        return found

    def ended(self, recipes: Collection[int]) -> list[int]:
        """Return the items of these recipes that wait although all of their parts have ended."""
        rows = self._database.execute(
            "SELECT DISTINCT item_part.whole FROM item_part JOIN item AS whole ON whole.id = item_part.whole"
            f" WHERE whole.status = 'pending' AND {marked('whole.recipe', list(recipes))} AND NOT EXISTS (SELECT 1"
            " FROM item_part AS own JOIN item ON item.id = own.part WHERE own.whole = item_part.whole"
            f" AND item.status IN ({', '.join('?' * len(WAITING))})) ORDER BY 1",
            (*recipes, *sorted(WAITING)),
        )
        return [row for (row,) in rows.fetchall()]

    def whole_of(self, part: int) -> int | None:
        """Return the item that an item is a part of, None where it is none."""
        row = self._database.execute("SELECT whole FROM item_part WHERE part = ?", (part,)).fetchone()
        return None if row is None else int(row[0])

    def wholes(self, rows: Collection[int]) -> set[int]:
        """Return the items that some are, or are parts of."""
        found: set[int] = set()
        for window in windows(list(rows)):
            asked = self._database.execute(
                f"SELECT {whole_of('id')} FROM item WHERE {marked('id', window)}", window
            )
            found.update(row for (row,) in asked)
        return found

    def settled(self, job: str) -> int | None:
        """Return of how many pages at most the documents of a job are that were last found not to be split; None where nobody knows."""
        row = self._database.execute("SELECT pages FROM split_job WHERE job = ?", (job,)).fetchone()
        return None if row is None else int(row[0])

    def settle(self, job: str, pages: int | None) -> None:
        """Keep that every document of a job that is read whole has so many pages at most, None where that is not known."""
        if self.settled(job) == pages:
            return
        with self._database.write():
            if pages is None:
                self._database.execute("DELETE FROM split_job WHERE job = ?", (job,))
            else:
                self._database.execute("INSERT OR REPLACE INTO split_job VALUES (?, ?)", (job, pages))
