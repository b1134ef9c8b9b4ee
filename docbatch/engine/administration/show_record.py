"""Showing a record: all that the state has about one submission or item, for `docbatch state show`."""

from dataclasses import asdict
from typing import Any

from docbatch.core.errors import UsageError
from docbatch.core.models import Submission
from docbatch.naming.pathtext import escape
from docbatch.state.items import RecordedItem
from docbatch.state.store import Store


def show_record(store: Store, identity: str) -> dict[str, Any]:
    """Return a JSON value about a submission, or an item named by its key's beginning. Raises UsageError."""
    submission = store.submissions.get(identity)
    if submission is not None:
        return _submission(store, submission)
    found = store.items.beginning(identity, 2)
    if len(found) == 1:
        return _item(store, found[0])
    if found:
        raise UsageError(f"several items begin with '{identity}'", hint="write more of the key")
    raise UsageError(
        f"the state knows no submission or item '{identity}'",
        hint="'docbatch status' lists submissions that are open, 'docbatch explain DOCUMENT' names a document's item",
    )


def _submission(store: Store, submission: Submission) -> dict[str, Any]:
    frozen = store.submissions.frozen(submission.id)
    events = [
        {"sequence": entry.sequence, "event": str(entry.event), "at": entry.at, **entry.body}
        for entry in store.events.of(submission.id)
    ]
    items = [{"key": item.key, "name": item.name, "path": escape(item.place)} for item in frozen.items]
    return {**asdict(submission), "marker": frozen.marker, "items": items, "events": events}


def _item(store: Store, item: RecordedItem) -> dict[str, Any]:
    recipe = store.documents.recipe(item.recipe)
    places = [{"job": job, "path": escape(path)} for job, path in store.documents.places(item.row)]
    return {**asdict(item), "recipe": asdict(recipe), "documents": places}
