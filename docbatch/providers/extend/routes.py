"""Where each operation lives in Extend's API."""

from collections.abc import Mapping
from dataclasses import dataclass

from docbatch.models import Operation


@dataclass(frozen=True, slots=True)
class Route:
    """`runs` is the list and the parent of `/batch`; `processor` is what a request calls its saved processor.

    `source` is how the vendor's lists name runs that a batch made.
    """

    runs: str
    source: str
    processor: str | None = None

    @property
    def processors(self) -> str:
        return f"/{self.processor}s"

    @property
    def batch(self) -> str:
        return f"{self.runs}/batch"


ROUTES: Mapping[Operation, Route] = {
    Operation.PARSE: Route("/parse_runs", "BATCH_PARSER_RUN"),
    Operation.EXTRACT: Route("/extract_runs", "BATCH_PROCESSOR_RUN", "extractor"),
    Operation.CLASSIFY: Route("/classify_runs", "BATCH_PROCESSOR_RUN", "classifier"),
    Operation.SPLIT: Route("/split_runs", "BATCH_PROCESSOR_RUN", "splitter"),
}
