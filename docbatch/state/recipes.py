"""Recipes: what is done to the documents of a job, and where."""

import json
from typing import Any

from docbatch.core.keys import canonical
from docbatch.core.models import Operation, Recipe
from docbatch.state.database import Database


class Recipes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, row: int) -> Recipe:
        provider, account, operation, config, pins = self._database.execute(
            "SELECT provider, account, operation, config, pins FROM recipe WHERE id = ?", (row,)
        ).fetchone()
        return Recipe(provider, account, Operation(operation), json.loads(config), json.loads(pins))

    def alike(self, recipe: Recipe) -> dict[int, str]:
        """Return the rows and keys of all recipes that are like this one but for their versions."""
        rows = self._database.execute(
            "SELECT id, key FROM recipe WHERE provider = ? AND account = ? AND operation = ?",
            (recipe.provider, recipe.account, str(recipe.operation)),
        ).fetchall()
        config = canonical(recipe.config)
        return {row: key for row, key in rows if canonical(self.get(row).config) == config}

    def configs(self, provider: str, account: str, operation: Operation) -> list[dict[str, Any]]:
        """Return the configs of all recipes of one operation in one account, the first recorded first."""
        rows = self._database.execute(
            "SELECT config FROM recipe WHERE provider = ? AND account = ? AND operation = ? ORDER BY id",
            (provider, account, str(operation)),
        ).fetchall()
        return [json.loads(config) for (config,) in rows]

    def key(self, row: int) -> str:
        return str(self._database.execute("SELECT key FROM recipe WHERE id = ?", (row,)).fetchone()[0])

    def row(self, key: str) -> int | None:
        row = self._database.execute("SELECT id FROM recipe WHERE key = ?", (key,)).fetchone()
        return None if row is None else int(row[0])

    def declare(self, key: str, recipe: Recipe) -> int:
        """Return the recipe's row, making it inside the current transaction when it is new."""
        known = self.row(key)
        if known is not None:
            return known
        cursor = self._database.execute(
            "INSERT INTO recipe (key, provider, account, operation, config, pins) VALUES (?, ?, ?, ?, ?, ?)",
            (key, recipe.provider, recipe.account, str(recipe.operation), json.dumps(dict(recipe.config)),
             json.dumps(dict(recipe.pins))),
        )  # fmt: skip
        assert cursor.lastrowid is not None
        return cursor.lastrowid
