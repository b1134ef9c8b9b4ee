"""Output paths: text with expressions over a document, its job and the project's variables.

A template is parsed once into literals and look-ups; rendering joins them. There are no statements, calls or
arithmetic, and only filters that cannot grow a value beyond a fixed factor, so a template always ends and stays short.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from docbatch.naming.expressions import PATHS, Context, Lookup, NameScope, Part, TemplateError, literal, parse

__all__ = [
    "Context",
    "Lookup",
    "Template",
    "TemplateError",
    "below",
    "compile_template",
    "doc_fields",
    "identity",
]

MAX_LENGTH = 1000
MAX_RENDERED = 10_000
"""Longer than any path that a file system takes; a few filters could make gigabytes of a long name."""

# Without a backslash no string in an expression can hide what may not stand in a path.
_ODD = re.compile("[\\x00-\\x1f\\x7f\\\\\ud800-\udfff]")


@dataclass(frozen=True)
class Template:
    """A parsed template. Equal templates render equally."""

    parts: tuple[Part, ...]

    def render(self, context: Context) -> str:
        """Raises TemplateError when a name has no value in the context, and when the text grows out of bounds."""
        text = "".join([part if isinstance(part, str) else part.value(context) for part in self.parts])
        _refuse_long(len(text))
        return text

    def bind(self, context: Context) -> "Template":
        """Return the template with every look-up below the context's roots replaced by its value. Raises TemplateError."""
        bound = Template(
            _joined(
                part.value(context) if isinstance(part, Lookup) and part.path[0] in context else part
                for part in self.parts
            )
        )
        _refuse_long(sum(len(part) for part in bound.parts if isinstance(part, str)))
        return bound

    def without_prefix(self, length: int) -> "Template":
        """Return the template without the first characters of its literal root."""
        rest = self.literal_root[length:]
        return Template(_joined((rest, *self.parts[1:]))) if self.literal_root else self

    @cached_property
    def lookups(self) -> tuple[Lookup, ...]:
        return tuple(part for part in self.parts if isinstance(part, Lookup))

    @cached_property
    def literal_root(self) -> str:
        """The literal part before the first expression; all of it when there is none."""
        return self.parts[0] if self.parts and isinstance(self.parts[0], str) else ""

    @cached_property
    def identity(self) -> str:
        """Text that is equal for two templates exactly when they are the same but for spacing inside braces."""
        parts = [
            part
            if isinstance(part, str)
            else [part.path, [[each.name, each.arguments] for each in part.filters]]
            for part in self.parts
        ]
        return json.dumps(parts, separators=(",", ":"))


def identity(text: str) -> str:
    """What a sink's fingerprint keeps of its template."""
    return compile_template(text).identity


def compile_template(text: str, scope: NameScope = PATHS) -> Template:
    """Parse a template, of a path unless the scope is another. Raises TemplateError for anything but literals, known names and known filters."""
    if len(text) > MAX_LENGTH:
        raise TemplateError(f"the template has {len(text):,} characters, where {MAX_LENGTH:,} are allowed")
    if odd := _ODD.search(text):
        raise TemplateError(
            f"the template contains the character U+{ord(odd[0]):04X}",
            hint="use / between folders, and no escapes",
        )
    if "{%" in text or "{#" in text:
        raise TemplateError(
            "statements and comments are not supported",
            hint="templates have expressions only, as in {{ doc.path }}",
        )
    if "{{" not in text:
        return Template((literal(text),) if text else ())
    return Template(_joined(parse(text, scope)))


NO_METADATA: Mapping[str, str] = {}


def doc_fields(
    path: bytes, *, sha256: str, size: int, metadata: Mapping[str, str] = NO_METADATA
) -> Mapping[str, object]:
    """Return what `doc` means in a template for a document at `path`, relative to its source's root.

    Bytes that are not UTF-8 stand as lone surrogates, so that `below` gives them back.
    """
    shown = path.decode(errors="surrogateescape")
    parent, _, name = shown.rpartition("/")
    # Leading dots begin no suffix: the stem of "...pdf" must not be "..".
    bare = name.lstrip(".")
    dot = bare.rfind(".")
    cut = len(name) if dot < 1 or bare.endswith(".") else len(name) - len(bare) + dot
    return {
        "path": shown,
        "name": name,
        "stem": name[:cut],
        "suffix": name[cut:],
        "parent": parent or ".",
        "sha256": sha256,
        "size": size,
        "metadata": metadata,
    }


def below(rendered: str) -> bytes:
    """Return a rendered path as bytes, its folders separated by one "/". Raises TemplateError when it leaves its root."""
    steps = [step for step in rendered.split("/") if step not in ("", ".")]
    if ".." in steps or "\0" in rendered:
        raise TemplateError(
            f"the output {rendered!r} leaves its folder", hint="use doc.path or doc.name instead"
        )
    if not steps:
        raise TemplateError(
            f"the output {rendered!r} names no file", hint="add a name, such as {{ doc.name }}"
        )
    return "/".join(steps).encode(errors="surrogateescape")


def _refuse_long(length: int) -> None:
    if length > MAX_RENDERED:
        raise TemplateError(
            f"the path becomes {length:,} characters long, where {MAX_RENDERED:,} are allowed",
            hint="name fewer things in it, or let replace make them no longer",
        )


def _joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, str) and isinstance(last, str):
            joined[-1] = last + part
        elif part != "":
            joined.append(part)
    return tuple(joined)
