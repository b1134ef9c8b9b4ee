"""A finished run of Extend as the normalised result."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

from docbatch.core.errors import Unavailable
from docbatch.core.result_warnings import losses, wordless
from docbatch.core.results import DocumentInfo, Picture, ProviderInfo, Result, Timing, Usage
from docbatch.jsontext import finite_value, parse
from docbatch.naming.picture_links import told
from docbatch.naming.signed import without_query
from docbatch.providers import stitched_answer
from docbatch.providers.extend.content import figures
from docbatch.providers.extend.content.fields import mapped
from docbatch.providers.extend.content.layout import Layout
from docbatch.providers.extend.content.plaintext import plain
from docbatch.providers.http.redaction import redact
from docbatch.providers.stitched_answer import StitchedAnswer

FORMAT = "docbatch/extend/v1"
"""What is kept of a run that links to pictures, with these."""
LARGEST = 1e15
_OPERATIONS = {
    "parse_run": "parse",
    "parser_run": "parse",
    "extract_run": "extract",
    "classify_run": "classify",
    "split_run": "split",
}


def charged(run: Mapping[str, Any]) -> float | None:
    """Return the credits a run cost, the runs it caused included."""
    usage = mapped(run.get("usage"))
    total = usage.get("totalCredits")
    return _number(usage.get("credits") if total is None else total)


class ExtendAnswer:
    """`output` is the part of `run` that says what was found; both have been checked for their outer shape.

    `fetched` is what was had of the pictures it links to, `links` has the URLs of those that its Markdown is to show.
    """

    def __init__(
        self,
        run: Mapping[str, Any],
        output: Mapping[str, Any],
        fetched: Mapping[str, Any] | None = None,
        links: figures.Links = MappingProxyType({}),
    ) -> None:
        self._run = run
        self._fetched = fetched
        self._links = links
        self._output = output
        self._operation = _OPERATIONS[run["object"]]

    @property
    def credits(self) -> float | None:
        return charged(self._run)

    @property
    def is_partial(self) -> bool:
        return bool(losses(self.warnings))

    @property
    def warnings(self) -> tuple[str, ...]:
        if self._operation != "parse":
            return ()
        missing = figures.untold(self._output, self._fetched)
        if any(chunk.strip() for chunk in self._chunks()):
            return (*told(self._drawn.lost), *missing)
        pages = Layout(self._output).pages()
        pictured = [page.number for page in pages if any(each.kind == "image" for each in page.blocks)]
        return (wordless(pictured), *missing)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        is_parsed = self._operation == "parse"
        return tuple(figures.pictures(self._output, self._fetched or {})) if is_parsed else ()

    def illustrated(self, links: figures.Links) -> "ExtendAnswer":
        return ExtendAnswer(self._run, self._output, self._fetched, links)

    def markdown(self) -> str:
        match self._operation:
            case "parse":
                return "\n\n".join(filter(None, self._drawn.chunks))
            case "extract":
                return f"```json\n{_pretty(self._found())}\n```"
            case "classify":
                return f"**{self._output.get('type')}**"
            case _:
                return "\n".join(f"- {line}" for line in self._splits())

    def text(self) -> str:
        match self._operation:
            case "parse":
                return "\n\n".join(plain(chunk) for chunk in self._chunks())
            case "extract":
                return _pretty(self._found())
            case "classify":
                return str(self._output.get("type"))
            case _:
                return "\n".join(self._splits())

    def result(self, document: DocumentInfo) -> Result:
        metrics, identity = mapped(self._run.get("metrics")), self._run.get("id")
        is_parsed = self._operation == "parse"
        layout = Layout(self._output, self._links, self._drawn.chunks if is_parsed else ())
        pages = layout.pages() if is_parsed else ()
        return Result(
            outcome="partial" if self.is_partial else "succeeded",
            document=document,
            provider=ProviderInfo(
                type="extend",
                operation=self._operation,
                engine=self._engine(),
                remote_id=identity if isinstance(identity, str) else None,
            ),
            markdown=self.markdown(),
            text=self.text(),
            pages=pages,
            tables=layout.loose_tables() if is_parsed else (),
            metadata=self._metadata(),
            warnings=self.warnings,
            usage=Usage(
                pages=_count(metrics.get("pageCount")) or len(pages) or None, credits=charged(self._run)
            ),
            timing=Timing(seconds=_seconds(metrics.get("processingTimeMs"))),
            raw=dict(self._run),
        )

    @cached_property
    def _drawn(self) -> figures.Drawn:
        """The Markdown of each chunk of what was parsed."""
        return figures.drawn(self._output, self._links)

    def _chunks(self) -> Iterator[str]:
        for chunk in self._output["chunks"]:
            content = chunk.get("content")
            if isinstance(content, str) and content:
                yield content

    def _found(self) -> Any:
        """The values of an extraction; extractors of the old kind answer in a shape of their own, which is kept."""
        return self._output.get("value", self._output)

    def _splits(self) -> Iterator[str]:
        splits = self._output.get("splits")
        for each in splits if isinstance(splits, list) else ():
            if isinstance(each, dict):
                name = each.get("identifier") or each.get("name") or ""
                yield f"pages {each.get('startPage')} to {each.get('endPage')}: {each.get('type')} {name}".rstrip()

    def _metadata(self) -> dict[str, Any]:
        match self._operation:
            case "parse":
                return {}
            case "extract":
                return {"value": self._found()}
            case "classify":
                return {name: self._output.get(name) for name in ("type", "confidence")}
            case _:
                return {"splits": self._output.get("splits")}

    def _engine(self) -> str | None:
        """Return what did the work, in the version that really did: a parsing engine, or a saved processor."""
        for processor in ("extractor", "classifier", "splitter"):
            version = mapped(self._run.get(f"{processor}Version")).get("version")
            if version is not None:
                return f"{mapped(self._run.get(processor)).get('id', processor)} {version}"
        config = mapped(self._run.get("config"))
        parts = (config.get("engine"), config.get("engineVersion"))
        return " ".join(str(part) for part in parts if part) or None


def _pretty(value: Any) -> str:
    return json.dumps(finite_value(value), indent=2, ensure_ascii=False)


def _number(value: object) -> float | None:
    """Return a number; JSON can write ones that are none, such as 1e999."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        return None
    return float(value)


def _count(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _seconds(milliseconds: object) -> float | None:
    number = _number(milliseconds)
    return None if number is None else number / 1000


_PARTS: Mapping[str, str | None] = {
    "parse_run": "chunks",
    "parser_run": "chunks",
    "extract_run": None,
    "classify_run": None,
    "split_run": None,
}


def loads(body: bytes) -> Any:
    """Read what a storage host gave. Raises Unavailable."""
    try:
        return parse(body)
    except (ValueError, RecursionError):
        pass
    raise Unavailable(f"a downloaded result is not JSON: {redact(body.decode(errors='replace'), ())}")


def links(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return where the pictures of a run are to be had, by the names that `payload` takes them by."""
    output = _output_of(run) if _PARTS.get(str(run.get("object"))) else None
    return figures.links(output) if isinstance(output, dict) else []


def payload(run: Mapping[str, Any], fetched: Mapping[str, str] | None = None) -> bytes:
    """Return the bytes that are kept: the run as it came, but for the links that Extend signs, which are cut from it.

    What was found in the document is no place for them, whatever its fields are called. Pictures that it links to lie beside it.
    """
    kept = {name: value for name, value in run.items() if name != "outputUrl"}
    for name in ("file", "files"):
        _cut_links(kept.get(name), "presignedUrl")
    # The older version has the parts of the output at the top.
    for output in (kept, kept.get("output")):
        if isinstance(output, dict):
            _cut_links(output.get("chunks"), figures.LINK, ("blocks", "children", "details"))
    whole = kept if fetched is None else {"format": FORMAT, "pictures": fetched, "run": kept}
    return json.dumps(whole, separators=(",", ":")).encode()


def _cut_links(found: Any, link: str, inside: Sequence[str] = ()) -> None:
    """Cut a link of all objects in a value, which lie in lists and in some of their own fields, however deep."""
    left = [found]
    while left:
        each = left.pop()
        if isinstance(each, list):
            left.extend(each)
        elif isinstance(each, dict):
            if isinstance(each.get(link), str):
                each[link] = without_query(each[link])
            left.extend(each[name] for name in inside if name in each)


def written_back(result: Result) -> bytes:
    """Return what is read as this result: its run, in the bytes that `payload` gave."""
    if (parts := stitched_answer.written_back(result.raw)) is not None:
        return parts
    return json.dumps(result.raw, separators=(",", ":")).encode()


def read(content: bytes) -> "ExtendAnswer | StitchedAnswer":
    """Return the answer in a payload. Raises ValueError with what came instead."""
    if stitched_answer.is_stitched(content):
        return stitched_answer.read_stitched(content, read_run)
    return read_run(content)


def read_run(content: bytes) -> ExtendAnswer:
    """Return the answer in a run. Raises ValueError with what came instead."""
    try:
        found = parse(content)
    except RecursionError:
        raise ValueError("the answer is nested too deeply to be read") from None
    is_pictured = isinstance(found, dict) and found.get("format") == FORMAT and "object" not in found
    run, fetched = (found.get("run"), mapped(found.get("pictures"))) if is_pictured else (found, None)
    kind = str(run.get("object")) if isinstance(run, dict) else ""
    if kind not in _PARTS:
        raise ValueError(f"not a finished run of Extend: {_shown(run)}")
    output = _output_of(run)
    part = _PARTS[kind]
    if not isinstance(output, dict) or (part and not _is_list(output.get(part))):
        raise ValueError(
            f"run {run.get('id')} of Extend has no {part or 'output'} as documented: {_shown(output)}"
        )
    return ExtendAnswer(run, output, fetched)


def _output_of(run: Mapping[str, Any]) -> Any:
    """Return what was found; the older version has the parts of it at the top."""
    return run if run.get("object") == "parser_run" else run.get("output")


def _shown(value: object) -> str:
    return redact(json.dumps(value), ())


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)
