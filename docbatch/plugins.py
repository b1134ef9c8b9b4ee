"""Kinds that other packages declare by entry points: found by name without being imported, and imported with care.

A package is asked for nothing before one of its names is used. Whatever it does wrong then is a `PluginError`.
"""

import os
import re
import site
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from docbatch.core.errors import DocbatchError, UsageError

if TYPE_CHECKING:
    from importlib.metadata import Distribution

Given = ParamSpec("Given")
Value = TypeVar("Value")

PREFIX = "docbatch."
_PLACE = re.compile(r"\s*([\w.]+)\s*:\s*([\w.]+)\s*(?:\[.*\]\s*)?")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MOST_CHARACTERS = 300


class PluginError(UsageError):
    """A plug-in cannot be used; it says which package it is of, what is wrong and what to do."""


class Declared(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def contract(self) -> int | None: ...


Declaration = TypeVar("Declaration", bound=Declared)


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point of another package, as `value` names it. `folder` is where the package is installed, if known."""

    sort: str
    name: str
    value: str
    package: str
    version: str
    folder: Path | None

    @property
    def label(self) -> str:
        return _cut(f"{self.package} {self.version}")

    @property
    def is_everywhere(self) -> bool:
        """Whether processes find it that are given no environment: the folder is one that this Python always looks in."""
        own = Path(__file__).parents[1]
        return self.folder is not None and os.path.realpath(self.folder) in {
            os.path.realpath(each) for each in (str(own), *site.getsitepackages())
        }

    def error(self, what: str, hint: str | None = None) -> PluginError:
        """Return the error that says what is wrong with it."""
        advice = f"update {self.package} or remove it: python -m pip uninstall {self.package}"
        return PluginError(
            _cut(f"plug-in {self.label}: the {self.sort} '{self.name}' {what}"),
            hint=_cut(f"{hint}; {advice}" if hint else advice),
        )

    def load(self) -> object:
        """Import what the entry point names. Raises PluginError, whatever the package raises."""
        found = _PLACE.fullmatch(self.value)
        if _NAME.fullmatch(self.name) is None:
            raise self.error(
                "has no proper name: small letters, digits, - and _, at most 64, a letter or digit first"
            )
        if found is None:
            raise self.error(f"names no kind: '{self.value}' is not of the form package.module:KIND")
        module, attribute = found.groups()
        try:
            # What is printed would stand among results.
            with redirect_stdout(sys.stderr):
                imported = import_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            trace = f'{Path(sys.executable).name} -c "import {module}" shows where'
            raise self.error(f"cannot be imported: {told(error)}", trace) from error
        try:
            return attrgetter(attribute)(imported)
        except AttributeError:
            raise self.error(f"names no kind: {module} has no {attribute}") from None

    def fitting(self, found: object, declaration: type[Declaration], contract: int) -> Declaration:
        """Return what was loaded, if it is a declaration of this name for this contract. Raises PluginError."""
        if not isinstance(found, declaration):
            raise self.error(f"names no kind: {self.value} is {_a(found)} and no {declaration.__name__}")
        if found.contract is None:
            raise self.error(
                "does not say which contract it was built for", f"write contract={contract} into its kind"
            )
        if found.contract != contract:
            raise self.error(
                f"was built for contract {found.contract!r}, and this docbatch has contract {contract}"
            )
        if found.name != self.name:
            raise self.error(f"is declared under another name: its kind says '{found.name}'")
        return found

    def guarded(
        self,
        what: str,
        function: Callable[Given, Value],
        fits: Callable[[Value], object],
        form: str,
    ) -> Callable[Given, Value]:
        """Return a function that raises PluginError where the plug-in's raises or returns what does not fit."""

        def called(*values: Given.args, **named: Given.kwargs) -> Value:
            try:
                value = function(*values, **named)
                good = fits(value)
            except (DocbatchError, KeyboardInterrupt):
                raise
            except BaseException as error:
                raise self.error(f"cannot be used: {what} raised {told(error)}") from error
            if not good:
                raise self.error(f"cannot be used: {what} returned {_a(value)} and not {form}")
            return value

        return called


def told(error: BaseException) -> str:
    """Return what was raised, in one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an exception of others' making may fail to say what it is
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _a(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"


def _cut(text: str) -> str:
    """Return text of others' making so that it is one line of some length."""
    from docbatch.core.report import visible  # noqa: PLC0415 - most commands meet no fault

    return visible(text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…")


def installed(sort: str) -> Mapping[str, tuple[Plugin, ...]]:
    """Return what installed packages declare of one sort, such as a provider, by name. Nothing of theirs is imported."""
    found: dict[str, tuple[Plugin, ...]] = {}
    for each in _everything():
        if each.sort == sort:
            found[each.name] = (*found.get(each.name, ()), each)
    return found


@cache
def _everything() -> tuple[Plugin, ...]:
    found = (plugin for package in _packages() for plugin in _declared(package))
    return tuple(sorted(found, key=lambda each: (each.name, each.package)))


def _packages() -> "Iterator[Distribution]":
    """Yield the packages that declare something; of one that is there twice, the one that Python finds first."""
    from importlib.metadata import distributions  # noqa: PLC0415 - takes longer than all else here

    seen = set()
    for package in distributions():
        try:
            declares = f"[{PREFIX}" in (package.read_text("entry_points.txt") or "")
            name = re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower() if declares else ""
        except Exception:  # noqa: BLE001, S112 - what has no readable name cannot be told from others
            continue
        if declares and name not in seen:
            seen.add(name)
            yield package


def _declared(package: "Distribution") -> Iterator[Plugin]:
    try:
        entries, version = package.entry_points, package.version
        folder: Path | None = Path(str(package.locate_file("")))
    except Exception:  # noqa: BLE001 - the same
        return
    for entry in entries:
        if entry.group.startswith(PREFIX):
            sort = entry.group.removeprefix(PREFIX).removesuffix("s")
            yield Plugin(sort, entry.name, entry.value, package.metadata["Name"], version, folder)
