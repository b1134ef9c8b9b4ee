"""Jobs: a batch makes one for each document. Only its own end says that a document is through."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from docbatch.core.errors import Gone, Refused, Unavailable
from docbatch.jsontext import parse
from docbatch.providers.http.keyed import PresignedClient
from docbatch.providers.http.link_fields import without_queries
from docbatch.providers.llamacloud.calls import JOBS, PAGE, Api, Json, under
from docbatch.providers.llamacloud.results.side_results import SIDE_RESULTS, placed, plain_name, questions

EXPAND: Mapping[str, Sequence[str]] = {
    "parse_v2": ("markdown", "text", "items", "metadata"),
    "extract_v2": ("configuration", "extract_metadata"),
}
ALWAYS: Mapping[str, Sequence[str]] = {"parse_v2": ("job_metadata", "usage"), "extract_v2": ("usage",)}
"""What is asked for also where the rest is downloaded in parts."""
LARGE_SOURCE = 4 << 20
"""Bytes of a document from which on its result is downloaded in parts instead of asked for in one answer."""
LARGEST_PART = 512 << 20
FETCHED = frozenset({*EXPAND["parse_v2"], *SIDE_RESULTS})
MOST_ASKED_ONE_BY_ONE = 20
_METADATA = "_content_metadata"
_OFFERED = "result_content_metadata"


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

    def payload(self, product: str, job: str, size: int, wanted: Sequence[str] = ()) -> bytes:
        """Return a job's whole answer. Raises Unavailable, Gone.

        `size` is that of the document in bytes, `wanted` names the side results that lie beside it.
        """
        large = product == "parse_v2" and (size > LARGE_SOURCE or job in self._large)
        content = [each + _METADATA for each in EXPAND[product]] if large else EXPAND[product]
        asked = [
            ("expand", each) for each in (*content, *ALWAYS[product], *questions(wanted, inline=not large))
        ]
        try:
            body = self._api.reply("GET", under(JOBS[product], job), asked).body
        except Unavailable:
            # An answer that is too large fails each time; in parts it is not.
            self._large.add(job)
            raise
        if product != "parse_v2":
            # What was extracted has fields of the user's own; what was parsed has none but the service's.
            return body
        whole = self._put_together(body) if _OFFERED.encode() in body else body
        self._large.discard(job)
        return without_queries(whole, "presigned_url")

    def _put_together(self, body: bytes) -> bytes:
        """Put what an answer offers for download into it, without the links: those are credentials, and end soon."""
        answer = _object(body)
        offered = answer.pop(_OFFERED, None)
        answer.pop("images_content_metadata", None)
        left = {}
        for name, part in offered.items() if isinstance(offered, dict) else ():
            kind = plain_name(name)
            if not isinstance(part, dict):
                continue
            if kind in FETCHED and part.get("presigned_url"):
                answer.update(placed(kind, self._download(kind, part)))
            elif kind not in FETCHED:
                left[name] = {each: value for each, value in part.items() if each != "presigned_url"}
        return json.dumps({**answer, **({_OFFERED: left} if left else {})}).encode()

    def _download(self, kind: str, part: Mapping[str, Any]) -> bytes:
        content = self._storage.get(str(part["presigned_url"]), limit=LARGEST_PART)
        size = part.get("size_bytes")
        if isinstance(size, int) and size != len(content):
            raise Unavailable(f"the download of the {kind} has {len(content):,} bytes instead of {size:,}")
        return content

    def cancel_unfinished(self, product: str, ids: Sequence[str]) -> None:
        for job, seen in self.standing(product, ids).items():
            if seen is not None and str(seen.get("status")) not in {"COMPLETED", "FAILED", "CANCELLED"}:
                self._cancel(product, job)

    def _cancel(self, product: str, job: str) -> None:
        try:
            self._api.post(under(JOBS[product], job, "cancel"))
        except (Gone, Refused):
            # It is over already.
            return


def _object(body: bytes) -> Json:
    try:
        found = parse(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Unavailable("LlamaCloud described a job by something else than an object")
    return found


def _slices(ids: Sequence[str], length: int) -> Iterator[list[str]]:
    rest = iter(ids)
    while some := list(islice(rest, length)):
        yield some
