"""What the service extracted from a document."""

import json

from docbatch.core.results import DocumentInfo, ProviderInfo, Result, Usage
from docbatch.jsontext import finite_value
from docbatch.providers.llamacloud.calls import Json
from docbatch.providers.llamacloud.results.answer_fields import credits_of, engine_name, mapping_in, text_in


class ExtractAnswer:
    """What was extracted, as JSON; Markdown shows it as a block of code."""

    is_partial = False

    def __init__(self, found: Json) -> None:
        if found.get("extract_result") is None:
            raise ValueError("the answer has no extract_result")
        self._found = found

    @property
    def credits(self) -> float | None:
        return credits_of(self._found)

    def markdown(self) -> str:
        return f"```json\n{self.text()}```\n"

    def text(self) -> str:
        found = finite_value(self._found["extract_result"])
        return json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True) + "\n"

    def result(self, document: DocumentInfo) -> Result:
        pages = mapping_in(mapping_in(self._found, "metadata"), "usage").get("num_pages_extracted")
        return Result(
            outcome="succeeded",
            document=document,
            provider=ProviderInfo(
                type="llamacloud",
                operation="extract",
                engine=self._engine(),
                remote_id=text_in(self._found, "id"),
            ),
            markdown=self.markdown(),
            text=self.text(),
            metadata={
                "extracted": self._found["extract_result"],
                **mapping_in(self._found, "extract_metadata"),
            },
            usage=Usage(pages=pages if isinstance(pages, int) else None, credits=self.credits),
            raw=self._found,
        )

    def _engine(self) -> str | None:
        configuration = mapping_in(self._found, "configuration")
        return engine_name(configuration.get("tier"), configuration.get("version"))
