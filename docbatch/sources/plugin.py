"""Judging the kind that a plug-in declares: its options must be such that jobs can have them beside others."""

from dataclasses import replace

from docbatch.fields import SpecModel, check_member
from docbatch.plugins import Plugin
from docbatch.sources.kind import CONTRACT, SourceKind


def judged(plugin: Plugin, found: object) -> SourceKind:
    """Return the kind with `open` guarded: it raises PluginError where the plug-in's fails. Raises PluginError."""
    kind = plugin.fitting(found, SourceKind, CONTRACT)
    if kind.key is not None or kind.open is None:
        raise plugin.error(
            "is told by a key of its options, as only docbatch's own are", "leave out key, and give open"
        )
    if not issubclass(kind.options, SpecModel):
        raise plugin.error("has options that are no SpecModel")
    plugin.guarded("the schema of its options", check_member, bool, "JSON")(kind.options)
    return replace(kind, open=plugin.guarded("open", kind.open, _is_source, "a Source"))


def _is_source(value: object) -> bool:
    from docbatch.sources.base import Source  # noqa: PLC0415 - judging specs lists nothing

    return isinstance(value, Source) and isinstance(value.identity, bytes)
