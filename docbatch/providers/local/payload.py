"""Read what a worker wrote, and turn it into the normalised result.

The payload holds no time, path or id: the same document gives the same bytes, and so the same address in the spool.
It already has the result's shape; `raw` therefore stays empty instead of saying everything twice.
"""

import json
from typing import Any

from docbatch.core.results import DocumentInfo, ProviderInfo, Result, Usage
from docbatch.providers.local import attachments, blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.messages import FORMAT

_SHAPE: dict[str, type | tuple[type, ...]] = {
    "engine": str,
    "partial": bool,
    "markdown": (str, type(None)),
    "text": (str, type(None)),
    "pages": list,
    "blocks": list,
    "tables": list,
    "attachments": list,
    "metadata": dict,
    "warnings": list,
}
# Answers of before, which the spool may hold, have none of these.
_LATER = ("blocks", "attachments")
_FORMATS = frozenset({FORMAT, "docbatch/local/v1"})


_TAKEN = ("pages", "blocks", "tables", "attachments", "metadata", "warnings")


class LocalAnswer:
    """An answer of the local engine."""

    credits = None

    def __init__(self, payload: Json) -> None:
        self._payload = payload

    @property
    def is_partial(self) -> bool:
        return bool(self._payload["partial"])

    @property
    def warnings(self) -> list[str]:
        return [each for each in self._payload["warnings"] if isinstance(each, str)]

    def markdown(self) -> str:
        if self._payload["markdown"] is not None:
            return str(self._payload["markdown"])
        if self._payload["pages"]:
            return self._pages("markdown", attachments.markdown(self._payload["attachments"]))
        return blocks.markdown(self._payload["blocks"]) if self._payload["blocks"] else self.text()

    def text(self) -> str:
        text = self._payload["text"]
        if text is not None:
            return str(text)
        if self._payload["pages"]:
            return self._pages("text", attachments.text(self._payload["attachments"]))
        return blocks.text(self._payload["blocks"])

    def result(self, document: DocumentInfo) -> Result:
        payload = self._payload
        values: dict[str, Any] = {name: payload[name] for name in _TAKEN}
        return Result(
            outcome="partial" if payload["partial"] else "succeeded",
            document=document,
            provider=ProviderInfo(type="local", operation="parse", engine=payload["engine"]),
            markdown=self.markdown(),
            text=self.text(),
            usage=Usage(pages=len(payload["pages"]) or None),
            **values,
        )

    def _pages(self, what: str, attached: str) -> str:
        """Return what all pages say, and after them the files inside the document."""
        return "\n\n".join(filter(None, [*(page[what] for page in self._payload["pages"]), attached]))


def written_back(result: Result) -> bytes:
    """Return what is read as this result."""
    values = result.model_dump(mode="json", include=set(_TAKEN) | {"markdown", "text"})
    found = {
        "format": FORMAT,
        "engine": result.provider.engine,
        "partial": result.outcome == "partial",
        **{name: values[name] for name in ("markdown", "text", *_TAKEN)},
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def read(content: bytes) -> LocalAnswer:
    """Return the answer in a payload. Raises ValueError when it is not one."""
    payload = json.loads(content)
    if not isinstance(payload, dict) or payload.get("format") not in _FORMATS:
        raise ValueError(f"not an answer of the local engine in format {FORMAT}")
    payload = {name: [] for name in _LATER} | payload
    for name, kind in _SHAPE.items():
        if not isinstance(payload.get(name, ...), kind):
            raise ValueError(  # noqa: TRY004 - the contract of a provider names ValueError
                f"the local engine's answer has no usable {name}"
            )
    return LocalAnswer(payload)
