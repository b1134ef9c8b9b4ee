"""A result of LlamaCloud that is made an answer again: what docbatch knew beside the service's words comes back as well."""

import json
from typing import Any

import pytest

from docbatch.core.results import DocumentInfo
from docbatch.providers.llamacloud.answer import read, written_back
from docbatch.providers.llamacloud.results.provenance import Provenance, stamped

DOCUMENT = DocumentInfo(path="a.pdf", sha256="0" * 64, size=1, media_type="application/pdf")
PAGES = {"pages": [{"page_number": 1, "success": True, "markdown": "words"}]}


@pytest.mark.parametrize("job", [{"id": "j", "tier": "agentic"}, {"id": "j"}])
@pytest.mark.parametrize(
    "known", [Provenance(), Provenance("2026-10-16"), Provenance("2026-10-16", ("forms", "raw_words"))]
)
def test_it_reads_as_the_same_result(job: dict[str, Any], known: Provenance) -> None:
    payload = stamped(json.dumps({"job": job, "markdown": PAGES}).encode(), known)
    result = read(payload).result(DOCUMENT)

    assert read(written_back(result)).result(DOCUMENT) == result
