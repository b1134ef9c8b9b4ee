"""Identities: what is paid once has one key, whatever it is called and wherever it lies.

Keys are frozen: changing what goes into one makes every user pay again. `FORMAT` changes only on purpose.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from docbatch.core.models import Recipe

FORMAT = "docbatch/item/v1"
SPLIT_PAGES = "split_pages"
"""The option of a job that says of how many pages a part of a document is at most: it is in the recipes of those alone."""


def canonical(value: object) -> str:
    """Return JSON that is equal for equal values: keys sorted, numbers normalised, list order kept.

    Raises ValueError for NaN and infinities, TypeError for what JSON does not know.
    """
    return json.dumps(_normal(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def identity_config(config: Mapping[str, object], execution_only: Collection[str]) -> dict[str, object]:
    """Return the part of a provider's config that decides about results; `execution_only` names the rest."""
    return {name: value for name, value in config.items() if name not in execution_only}


def recipe_key(recipe: Recipe) -> str:
    """Return 64 hexadecimal digits for how documents are processed: provider, account, operation, config, pins."""
    return _digest(
        [FORMAT, recipe.provider, recipe.account, recipe.operation.value, recipe.config, recipe.pins],
    )


def item_key(recipe_key: str, media_type: str, digest: str) -> str:
    """Return 64 hexadecimal digits for these bytes, sent as this media type, under this recipe."""
    return _digest([FORMAT, recipe_key, media_type, digest])


def submission_id(project: str, account: str, items: Collection[str], attempt: int) -> str:
    """Return "s" and 20 hexadecimal digits, the same for the same set of items, however ordered."""
    return "s" + _digest([FORMAT, project, account, sorted(items), attempt])[:20]


def _digest(material: object) -> str:
    return hashlib.sha256(canonical(material).encode()).hexdigest()


def _normal(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {_name(key): _normal(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_normal(each) for each in value]
    return value


def _name(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} is not text")
    return key
