"""Results to make rows of: a few blocks put together by hand, and sample documents as the local engine reads them."""

import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from docbatch.core.results import Block, Cell, DocumentInfo, ProviderInfo, Result
from tests.cli.project import JOB, Project

SAMPLES = Path(__file__).parents[3] / "samples"


def result(*blocks: Block, **more: Any) -> Result:
    """Return the result of a document with these blocks; `more` are other fields of it."""
    return Result(
        **{
            "outcome": "succeeded",
            "document": DocumentInfo(path="a.txt", sha256="0" * 64, size=1, media_type="text/plain"),
            "provider": ProviderInfo(type="fake", operation="parse"),
            "markdown": "",
            "text": "",
            "blocks": blocks,
            **more,
        }
    )


def text(said: str, **more: Any) -> Block:
    return Block(kind="text", text=said, **more)


def heading(said: str, level: int = 1, **more: Any) -> Block:
    return Block(kind="heading", text=said, level=level, **more)


def table(*rows: Iterable[str], kind: Literal["table"] = "table") -> Block:
    """Return a table whose rows are of words between bars."""
    cells = tuple(
        Cell(row=row, column=column, text=word)
        for row, words in enumerate(rows)
        for column, word in enumerate(words)
    )
    return Block(kind=kind, text="\n".join("\t".join(words) for words in rows), cells=cells)


@cache
def sample_results() -> dict[str, Result]:
    """Return what the local engine reads in the samples, by path."""
    with TemporaryDirectory() as folder:
        project = Project(Path(folder))
        files = (each for each in SAMPLES.glob("*.*") if each.suffix != ".py")
        for file in files:
            place = project.root / "in" / file.relative_to(SAMPLES)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, place)
        project.job(JOB.replace(".md", ".json").replace("markdown", "json"))
        project.call("apply")
        return {
            path.removesuffix(".json"): Result.model_validate_json(content, strict=False)
            for path, content in project.outputs().items()
        }
