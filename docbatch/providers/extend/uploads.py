"""What became of an upload: a file at Extend, a refusal of this one document, or trouble with the connection."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from docbatch.core.errors import ProviderError, Refused, Unavailable
from docbatch.core.models import REFERENCE_TYPES, Input, RemoteObject, WorkItem
from docbatch.naming import references
from docbatch.providers import linked_objects
from docbatch.providers.base import Batch, Prepared, Step
from docbatch.providers.extend import marks, outcomes
from docbatch.providers.extend.calls import document
from docbatch.providers.http.identities import identity
from docbatch.providers.http.keyed import Reply
from docbatch.providers.http.times import moment

DAY = 86_400.0
# Whose clock is meant: the vendor's, for what it made, or this machine's, for what was only noted here.
CREATED = "created"
NOTED = "noted"

_LINKS = ("url", "fileUrl")
"""What the versions of the API call a link."""
_ID = re.compile(r"\bfile_[A-Za-z0-9_-]+")
_PLACE = re.compile(r"\binputs[.\[](\d+)\]?\.file\b")
_FILE = re.compile(r"\bfiles?\b", re.IGNORECASE)


def referred(step: Step, item: WorkItem, stream: BinaryIO) -> RemoteObject:
    """Return what an item refers to. It is noted anew each day, since it tells where lists may end. Raises Refused."""
    content, now = stream.read(references.LONGEST), time.time()
    try:
        if item.media_type == REFERENCE_TYPES[Input.OBJECT]:
            return linked_objects.noted(step, content, {NOTED: str(now)}, now + DAY)
        found = references.decode(content)
    except ValueError as error:
        raise Refused(f"{item.name}: {error}") from error
    return RemoteObject(step.name, found.value, {"kind": str(found.kind), NOTED: str(now)}, now + DAY)


def given(project: str, item: WorkItem, prepared: Prepared) -> dict[str, Any]:
    """Return how a request names the file of an item."""
    made = prepared[marks.upload_step(project, item)]
    if not _has_id(made):
        return {"url": made.remote_id, "name": marks.file_name(project, item)}
    return {"id": made.remote_id}


def signed(body: bytes, prepared: Prepared, link: linked_objects.Link) -> bytes:
    """Return a request with a link to each object in the place of what stands for it. Raises CredentialsError."""
    objects = linked_objects.by_placeholder(prepared)
    if not objects:
        return body
    request = json.loads(body)
    inputs = request.get("inputs")
    for file in [request["file"]] if inputs is None else [each["file"] for each in inputs]:
        for name in _LINKS:
            if file.get(name) in objects:
                file[name] = linked_objects.linked(objects[file[name]], link)
    return json.dumps(request, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def is_known_id(made: RemoteObject) -> bool:
    """Say whether it is the id of a file that Extend had before us."""
    return _kind(made) == Input.FILE_ID


def is_named(prepared: Prepared, project: str, item: WorkItem) -> bool:
    """Say whether an item's file bears the name we give: not where it had one already."""
    made = prepared.get(marks.upload_step(project, item))
    return made is None or not is_known_id(made)


def uploads(prepared: Prepared) -> list[str]:
    """Return the ids of files that we are sure we made."""
    return [made.remote_id for made in prepared.values() if _kind(made) == Input.FILE]


def with_ids(prepared: Prepared) -> list[str]:
    """Return the ids of files that were there when the batch was sent."""
    return [made.remote_id for made in prepared.values() if _has_id(made)]


def sent_after(prepared: Prepared) -> float:
    """Return a moment before which a submission was not sent: it follows the last of its uploads.

    Without any, this machine's clock may err by a day; a greater error hides runs, which are held then, never sent again.
    """
    told = [float(made.data[CREATED]) for made in prepared.values() if CREATED in made.data]
    noted = [float(made.data[NOTED]) - DAY for made in prepared.values() if NOTED in made.data]
    return max(told or noted, default=0.0)


def refused(message: str, batch: Batch, prepared: Prepared) -> list[str]:
    """Return the steps whose files a refusal is about: those it names, all when it speaks of files without naming one."""
    project = marks.project_of(batch.marker)
    steps = [marks.upload_step(project, item) for item in batch.items]
    by_id = {made.remote_id: name for name, made in prepared.items()}
    named = {by_id[each] for each in _ID.findall(message) if each in by_id} | set(_places(message, steps))
    if not named and _FILE.search(message):
        return [step for step in steps if _has_id(prepared[step])]
    return sorted(named)


def _places(message: str, steps: list[str]) -> Iterator[str]:
    for place in _PLACE.findall(message):
        if int(place) < len(steps):
            yield steps[int(place)]


def _has_id(made: RemoteObject) -> bool:
    """Say whether it is a file at Extend, and not a link to something elsewhere."""
    return _kind(made) not in {Input.URL, Input.OBJECT}


def _kind(made: RemoteObject) -> str:
    return made.data.get("kind", Input.FILE)


# How long an upload is taken for alive. Retention belongs to the plan and is not published; uploading again is free.
ALIVE = 86_400.0

ABOUT_THE_DOCUMENT = frozenset({400, 413, 415, 422})


def uploaded(step: Step, item: WorkItem, reply: Reply) -> RemoteObject:
    """Return the file. Raises Refused for this document alone, NotSent without credits, ProviderError."""
    if reply.status in ABOUT_THE_DOCUMENT:
        raise outcomes.refused(reply, item.name)
    if reply.status == 402:
        raise outcomes.out_of_credits(reply)
    if 400 <= reply.status < 500:
        raise ProviderError(
            outcomes.told(reply),
            hint="nothing of it was sent; check the connection's base_url and API version",
        )
    return _file(step, document(reply))


def _file(step: Step, answer: dict[str, object]) -> RemoteObject:
    # The older version wraps the file.
    inner = answer.get("file")
    found = inner if isinstance(inner, dict) else answer
    file, made = identity(found.get("id")), moment(found.get("createdAt")) or 0.0
    if file is None:
        raise Unavailable("the answer to an upload has no id")
    return RemoteObject(step.name, file, {CREATED: str(made)}, made + ALIVE if made else None)
