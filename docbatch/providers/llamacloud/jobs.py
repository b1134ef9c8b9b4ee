"""Jobs: a batch makes one for each document. Only its own end says that a document is through."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from docbatch.core.errors import Gone, Refused, Unavailable
from docbatch.providers.http.keyed import PresignedClient
from docbatch.providers.http.link_fields import without_queries
from docbatch.providers.llamacloud.calls import JOBS, PAGE, Api, Json, under

EXPAND: Mapping[str, Sequence[str]] = {
    "parse_v2": ("markdown", "text", "items", "metadata", "usage"),
    "extract_v2": ("extract_metadata", "usage"),
}
DOWNLOADS = ("markdown", "text", "items", "metadata")
LARGE_SOURCE = 4 << 20
"""Bytes of a document from which on its result is downloaded in parts instead of asked for in one answer."""
LARGEST_PART = 512 << 20
MOST_ASKED_ONE_BY_ONE = 20
_METADATA = "_content_metadata"


class Jobs:
    def __init__(self, api: Api, storage: PresignedClient) -> None:
        self._api = api
        self._storage = storage
        self._large: set[str] = set()

    def standing(self, product: str, ids: Sequence[str]) -> dict[str, Json | None]:
        """Return jobs as lists show them; those that lists leave out are asked for, and None when they are gone."""
        found: dict[str, Json | None] = {}
        for some in _slices(ids, PAGE):
            for job in self._api.every(JOBS[product], [("job_ids", each) for each in some]):
                found[str(job.get("id"))] = job
        for each in [each for each in ids if each not in found][:MOST_ASKED_ONE_BY_ONE]:
            found[each] = self._one(product, each)
        return found

    def _one(self, product: str, job: str) -> Json | None:
        try:
            answer = self._api.get(under(JOBS[product], job))
        except Gone:
            return None
        inner = answer.get("job", answer)
        return inner if isinstance(inner, dict) else answer

    def payload(self, product: str, job: str, size: int) -> bytes:
        """Return a job's whole answer. `size` is that of the document in bytes. Raises Unavailable, Gone."""
        if product == "parse_v2" and (size > LARGE_SOURCE or job in self._large):
            return self._downloaded(job)
        asked = [("expand", each) for each in EXPAND[product]]
        try:
            body = self._api.reply("GET", under(JOBS[product], job), asked).body
        except Unavailable:
            # An answer that is too large fails each time; in parts it is not.
            self._large.add(job)
            raise
        # What was extracted has fields of the user's own; what was parsed has none but the service's.
        return without_queries(body, "presigned_url") if product == "parse_v2" else body

    def _downloaded(self, job: str) -> bytes:
        """Put together what one answer would say, from parts that are downloaded without the key."""
        asked = [*(("expand", each + _METADATA) for each in DOWNLOADS), ("expand", "usage")]
        answer = self._api.get(under(JOBS["parse_v2"], job), asked)
        parts = answer.pop("result_content_metadata", None) or {}
        for name, part in parts.items():
            kind = name.removesuffix(_METADATA)
            if kind in DOWNLOADS and isinstance(part, dict) and part.get("presigned_url"):
                answer.update(_part(kind, self._download(kind, part)))
        answer.pop("images_content_metadata", None)
        self._large.discard(job)
        return json.dumps(answer, ensure_ascii=False).encode()

    def _download(self, kind: str, part: Mapping[str, Any]) -> bytes:
        content = self._storage.get(str(part["presigned_url"]), limit=LARGEST_PART)
        size = part.get("size_bytes")
        if isinstance(size, int) and size != len(content):
            raise Unavailable(f"the download of the {kind} has {len(content):,} bytes instead of {size:,}")
        return content

    def cancel_unfinished(self, product: str, ids: Sequence[str]) -> None:
        for job, seen in self.standing(product, ids).items():
            if seen is not None and seen.get("status") not in {"COMPLETED", "FAILED", "CANCELLED"}:
                self._cancel(product, job)

    def _cancel(self, product: str, job: str) -> None:
        try:
            self._api.post(under(JOBS[product], job, "cancel"))
        except (Gone, Refused):
            # It is over already.
            return


def _part(kind: str, content: bytes) -> dict[str, Any]:
    """Return a downloaded part in the place one answer has it; text that is no JSON is a whole document's."""
    text = content.decode(errors="replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {f"{kind}_full": text}
    if isinstance(found, list):
        return {kind: {"pages": found}}
    return {kind: found} if isinstance(found, dict) else {f"{kind}_full": text}


def _slices(ids: Sequence[str], length: int) -> Iterator[list[str]]:
    rest = iter(ids)
    while some := list(islice(rest, length)):
        yield some
