"""What became of an upload: a file at Extend, a refusal of this one document, or trouble with the connection."""

from docbatch.errors import ProviderError, Refused, Unavailable
from docbatch.models import RemoteObject, WorkItem
from docbatch.providers.base import Step
from docbatch.providers.extend.files import CREATED
from docbatch.providers.extend.listing import document
from docbatch.providers.extend.outcomes import code, out_of_credits, told
from docbatch.providers.http import Reply
from docbatch.providers.times import moment

# How long an upload is taken for alive. Retention belongs to the plan and is not published; uploading again is free.
ALIVE = 86_400.0

ABOUT_THE_DOCUMENT = frozenset({400, 413, 415, 422})


def uploaded(step: Step, item: WorkItem, reply: Reply) -> RemoteObject:
    """Return the file. Raises Refused for this document alone, NotSent without credits, ProviderError."""
    if reply.status in ABOUT_THE_DOCUMENT:
        raise Refused(f"{item.name}: {told(reply)}", code=code(reply))
    if reply.status == 402:
        raise out_of_credits(reply)
    if 400 <= reply.status < 500:
        raise ProviderError(
            told(reply), hint="nothing was sent; check the connection's base_url and API version"
        )
    return _file(step, document(reply))


def _file(step: Step, answer: dict[str, object]) -> RemoteObject:
    # The older version wraps the file.
    inner = answer.get("file")
    found = inner if isinstance(inner, dict) else answer
    identity, made = found.get("id"), moment(found.get("createdAt")) or 0.0
    if not isinstance(identity, str) or not identity:
        raise Unavailable("the answer to an upload has no id")
    return RemoteObject(step.name, identity, {CREATED: str(made)}, made + ALIVE if made else None)
