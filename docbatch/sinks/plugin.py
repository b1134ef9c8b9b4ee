"""Judging the kind that a plug-in declares: its options must be such that jobs can have them beside others."""

from collections.abc import Callable
from typing import get_args

from docbatch.fields import Format, check_member
from docbatch.plugins import Plugin
from docbatch.sinks.kind import CONTRACT, SinkKind, SinkSpec


def judged(plugin: Plugin, found: object) -> SinkKind:
    """Return the kind as it was declared. Raises PluginError."""
    kind = plugin.fitting(found, SinkKind, CONTRACT)
    if not issubclass(kind.options, SinkSpec):
        raise plugin.error("has options that are no SinkSpec")
    if not callable(kind.open):
        raise plugin.error("declares open that is no function")
    plugin.guarded("the schema of its options", check_member, bool, "JSON")(kind.options)
    return kind


def check_options(plugin: Plugin, options: SinkSpec) -> None:
    """Raise PluginError where what a sink's options say of it has the wrong form."""

    def check(what: str, fits: Callable[[object], bool], form: str) -> None:
        plugin.guarded(what, lambda: getattr(options, what), fits, form)()

    check("identity", lambda value: isinstance(value, str), "a text")
    check("part", lambda value: value is None or isinstance(value, str), "a text or None")
    check("form", lambda value: value is None or value in (*get_args(Format), "line"), "a format or None")
    check("rewrites_missing", lambda value: isinstance(value, bool), "true or false")
