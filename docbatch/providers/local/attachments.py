"""Files inside a document: each is read by the engine for its type, and what is not read is named.

However deep files lie in files, one budget of depth, number and bytes holds for the whole document; its time and memory
are those of the worker.
"""

import atexit
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, cast

from docbatch import media
from docbatch.core.models import Failure
from docbatch.processes import confine
from docbatch.providers.local import blocks, engines, panics
from docbatch.providers.local.engines import Catalogue, Engine, Json, Options, Parsed
from docbatch.providers.local.ocr import ways

Kind = Literal["file", "inline", "signature"]
"""A file that belongs to the content; a picture shown inside it; a proof of who sent it."""

_DEEPEST = 5
_MOST_FILES = 200
_MOST_BYTES = 200_000_000
_LONGEST_NAME = 200
_UNNAMED = "unnamed"
# Said by the document where the bytes alone cannot tell.
_TEXTS = frozenset(
    {
        media.HTML,
        media.MAIL,
        "text/csv",
        "text/tab-separated-values",
        "text/markdown",
        "application/json",
        "application/xml",
    }
)


@dataclass(slots=True)
class _Budget:
    depth: int = 0
    files: int = _MOST_FILES
    bytes: int = _MOST_BYTES


_budget: ContextVar[_Budget | None] = ContextVar("budget", default=None)


class AttachedFiles:
    """The files inside one document, in their order; to be made by its engine while it reads the document.

    `attachments` have the shape of `results.Attachment`; `lost` and `warnings` begin with the file's name.
    """

    def __init__(self, options: Options, catalogue: Catalogue | None = None) -> None:
        self._options = options
        self._catalogue = catalogue or cast("Catalogue", engines)
        self._budget = _budget.get() or _Budget()
        self.attachments: list[Json] = []
        self.lost: list[str] = []
        self.warnings: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.attachments)

    def add(
        self,
        name: str | None,
        data: bytes,
        media_type: str | None = None,
        kind: Kind = "file",
        charset: str | None = None,
    ) -> None:
        """Read a file, given its name, type and charset as far as the document says them.

        Never raises for what is in it.
        """
        shown = safe_name(name)
        known = _type(shown, data, media_type)
        objection = self._objection(len(data))
        if objection:
            self.leave(shown, objection, known, len(data))
            return
        self._budget.files -= 1
        self._budget.bytes -= len(data)
        outcome = None if kind == "signature" else self._read(data, known, charset)
        if isinstance(outcome, Parsed):
            self._keep(shown, known, len(data), outcome, kind)
        else:
            reason = outcome or (
                "a signature" if kind == "signature" else f"files of type {known} are not read"
            )
            self.leave(shown, reason, known, len(data), kind)

    def take(self, name: str | None, media_type: str, read: Callable[[Options], Parsed | Failure]) -> None:
        """Take a file that lies in the document in a form of its own; `read` is called unless the budget is spent."""
        shown = safe_name(name)
        objection = self._objection(0)
        if objection:
            self.leave(shown, objection, media_type)
            return
        self._budget.files -= 1
        with self._one_deeper():
            outcome = read(self._options)
        if isinstance(outcome, Parsed):
            self._keep(shown, media_type, None, outcome, "file")
        else:
            self.leave(shown, outcome.message, media_type)

    def leave(
        self,
        name: str | None,
        reason: str,
        media_type: str | None = None,
        size: int | None = None,
        kind: Kind = "file",
    ) -> None:
        """List a file that is not read: a loss, unless it is a picture inside the text or a signature."""
        shown = safe_name(name)
        about = {"name": shown, "media_type": media_type, "size": size}
        self.attachments.append({key: value for key, value in about.items() if value is not None})
        (self.lost if kind == "file" else self.warnings).append(f"attachment {shown}: {reason}")

    def markdown(self) -> str:
        """Return a section for each file, empty without files."""
        return markdown(self.attachments)

    def text(self) -> str:
        return text(self.attachments)

    def blocks(self) -> list[Json]:
        """Return what the document itself shows of its files: their names. Their blocks stand with each of them."""
        return [block for each in self.attachments for block in _head(each)]

    def _objection(self, size: int) -> str | None:
        if self._budget.depth >= _DEEPEST:
            return f"not read, because it lies more than {_DEEPEST} files deep"
        if self._budget.files <= 0:
            return f"not read, because there are more than {_MOST_FILES} files"
        if self._budget.bytes < size:
            return f"not read, because the files hold more than {_MOST_BYTES // 10**6} MB"
        return None

    def _read(self, data: bytes, media_type: str, charset: str | None) -> Parsed | str | None:
        """Return what the engines made of a file, why they failed, or None where there is none for it."""
        if media_type == "application/x-ole-encrypted":
            return "the document needs a password"
        options = replace(self._options, encoding=self._options.encoding or charset)
        with self._one_deeper():
            failures: dict[str, str] = {}
            for name in self._catalogue.route(media_type, options):
                outcome = _attempt(self._catalogue, name, data, media_type, options)
                if isinstance(outcome, Parsed):
                    failed = [engines.read_by_another(*each) for each in failures.items()]
                    lost = engines.lost_by_damage(media_type) if failures else []
                    return replace(
                        outcome, warnings=[*failed, *outcome.warnings], lost=[*lost, *outcome.lost]
                    )
                failures[name] = outcome
            return next(iter(failures.values()), None)

    @contextmanager
    def _one_deeper(self) -> Iterator[None]:
        token = _budget.set(self._budget)
        self._budget.depth += 1
        try:
            yield
        finally:
            self._budget.depth -= 1
            _budget.reset(token)

    def _keep(self, name: str, media_type: str, size: int | None, parsed: Parsed, kind: Kind) -> None:
        about: Json = {"name": name, "media_type": media_type, "size": size}
        if parsed.has_text() or not parsed.unread:
            about |= {"markdown": _said(parsed, "markdown"), "text": _said(parsed, "text")}
        about |= {"blocks": _blocks(parsed), "attachments": list(parsed.attachments)}
        self.attachments.append({key: value for key, value in about.items() if value not in ([], None)})
        is_loss = kind == "file"
        again = ways.AFTER_A_LOSS if is_loss else ways.AFTER_A_REMARK
        unread = [ways.unread(parsed.unread, self._options, again)] if parsed.unread else []
        losses = self.lost if is_loss else self.warnings
        losses += (f"attachment {name}: {each}" for each in (*unread, *parsed.lost))
        self.warnings += (f"attachment {name}: {each}" for each in parsed.warnings)


def markdown(attachments: Iterable[Json]) -> str:
    """Return a section for each attachment, empty without any."""
    return "\n\n".join(_section(each, "markdown", "## ") for each in attachments)


def text(attachments: Iterable[Json]) -> str:
    return "\n\n".join(_section(each, "text", "") for each in attachments)


def safe_name(name: str | None) -> str:
    """Return a file's name as it can be shown on one line: without folders, and without signs that hide others."""
    last = re.split(r"[/\\]", (name or "").strip().rstrip("/\\"))[-1]
    shown = "".join(" " if unicodedata.category(char) in _HIDING else char for char in last)
    return " ".join(shown.split())[:_LONGEST_NAME] or _UNNAMED


# Controls, marks of direction and breaks, surrogates.
_HIDING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _type(name: str, data: bytes, said: str | None) -> str:
    found = media.detect(data[: media.HEAD_SIZE], name.encode("utf-8", "replace"), io.BytesIO(data))
    if found == media.PLAIN and said in _TEXTS:
        return said
    if found == media.UNKNOWN and said and "/" in said and not engines.route(said, Options()):
        return said
    return found


def _attempt(catalogue: Any, name: str, data: bytes, media_type: str, options: Options) -> Parsed | str:
    try:
        outcome = _engine(catalogue, name).extract(data, media_type, options)
    except (KeyboardInterrupt, SystemExit):
        raise
    except MemoryError:
        panics.CURRENT.note()
        return "needs more memory than max_memory allows"
    except BaseException as error:  # noqa: BLE001 - a panic of a native engine is a BaseException
        panics.CURRENT.note()
        return f"{name} failed: {type(error).__name__}: {error}"
    return outcome.message if isinstance(outcome, Failure) else outcome


@cache
def _engine(catalogue: Any, name: str) -> Engine:
    """Return an engine, warmed up without the document's limit: some reserve much with their first document."""
    with confine.unlimited_memory():
        engine: Engine = catalogue.load(name)
        engine.warm_up()
    atexit.register(engine.close)
    return engine


def _said(parsed: Parsed, what: Literal["markdown", "text"]) -> str:
    whole = parsed.markdown if what == "markdown" else parsed.text
    if whole is not None:
        return whole
    if parsed.pages:
        attached = markdown(parsed.attachments) if what == "markdown" else text(parsed.attachments)
        return "\n\n".join(
            filter(None, [*(page.get(what) or page["text"] for page in parsed.pages), attached])
        )
    if parsed.blocks:
        return blocks.markdown(parsed.blocks) if what == "markdown" else blocks.text(parsed.blocks)
    return parsed.text or ""


def _blocks(parsed: Parsed) -> list[Json]:
    return list(parsed.blocks) or [block for page in parsed.pages for block in page.get("blocks", ())]


def _section(attachment: Json, what: str, mark: str) -> str:
    heading, *rest = (str(block["text"]) for block in _head(attachment))
    return "\n\n".join(filter(None, (mark + heading, *rest, attachment.get(what, "").strip("\n"))))


def _head(attachment: Json) -> Iterable[Json]:
    yield blocks.heading(f"Attachment: {attachment['name']}", 2)
    if "markdown" not in attachment:
        size = f", {attachment['size']} bytes" if "size" in attachment else ""
        yield blocks.paragraph(f"({attachment.get('media_type', 'unknown type')}{size}; not read)")
