"""Telling the documents of a batch by what lies at the service, without a state.

A batch's metadata holds the key of its recipe, the name of an upload the digest of its bytes: with the file's type they
make the item's key. A file that docbatch did not upload is a document that a job lists by its id.
"""

import hashlib
import re
from collections.abc import Iterable

from docbatch.core.keys import item_key, recipe_key
from docbatch.core.models import Input, Recipe, RemoteObject
from docbatch.naming.references import Reference
from docbatch.providers.base import Batch, Recalled
from docbatch.providers.extractpage import uploads
from docbatch.providers.extractpage.replies import RemoteBatch, StoredFile

_RECIPE = re.compile(r"[0-9a-f]{64}")


def recipe_of(provider: str, account: str, batch: Batch) -> str:
    """Return the key of the recipe of a batch's items."""
    config = {name: value for name, value in batch.config.items() if value is not None}
    return recipe_key(Recipe(provider, account, batch.operation, config, batch.pins))


def recalled(batch: RemoteBatch, files: Iterable[StoredFile], now: float) -> Recalled:
    """Return the work that a batch is. What a file that is gone was made from cannot be told any more."""
    recipe = batch.metadata.get("recipe")
    if not isinstance(recipe, str) or not _RECIPE.fullmatch(recipe):
        return Recalled(batch.id, {})
    runs: dict[str, str | None] = {}
    prepared: dict[str, RemoteObject] = {}
    for file in files:
        digest, kind, made = _document(file, now)
        runs[item_key(recipe, kind, digest)] = None
        prepared[made.step] = made
    return Recalled(batch.id, runs, prepared)


def listed_for(batches: Iterable[RemoteBatch]) -> float:
    """Return for how many seconds batches are listed at least, as the listed ones say; 0 where none says."""
    lives = [each.expires - each.created for each in batches if each.expires and each.created]
    return min(lives, default=0.0)


def _document(file: StoredFile, now: float) -> tuple[str, str, RemoteObject]:
    """Return what a file is to us: the digest and the type of a document's bytes, and what a step made of them."""
    digest, kind = uploads.digest_in(file.name), file.content_type
    if digest is not None and kind is not None:
        return digest, kind, uploads.sent(digest, kind, file, now=file.created or now)
    digest = hashlib.sha256(Reference(Input.FILE_ID, file.id).encode()).hexdigest()
    return digest, uploads.LISTED, uploads.listed(digest, file, now=now)
