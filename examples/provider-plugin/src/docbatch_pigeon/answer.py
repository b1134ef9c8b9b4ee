"""Reading a result. It came from outside, so that everything about it is checked, and what is wrong is a ValueError."""

import json

from docbatch.core.results import DocumentInfo, Page, ProviderInfo, Result


class PigeonAnswer:
    """The pages of a document as Pigeon read them. It tells no price, and no document is read in part."""

    is_partial = False
    credits: float | None = None

    def __init__(self, payload: bytes) -> None:
        try:
            found = json.loads(payload)
        except RecursionError:
            raise ValueError("the result is nested too deeply") from None
        pages = found.get("pages") if isinstance(found, dict) else None
        if not isinstance(pages, list) or not all(isinstance(page, str) for page in pages):
            raise ValueError("the result has no list of pages")
        self._raw, self._pages = found, pages

    def markdown(self) -> str:
        return self.text()

    def text(self) -> str:
        return "\n\n".join(page.strip() for page in self._pages) + "\n"

    def result(self, document: DocumentInfo) -> Result:
        return Result(
            outcome="succeeded",
            document=document,
            provider=ProviderInfo(type="pigeon", operation="parse"),
            markdown=self.markdown(),
            text=self.text(),
            pages=tuple(Page(number=number, text=text) for number, text in enumerate(self._pages, start=1)),
            raw=self._raw,
        )
