"""Which files are laid out: those that are named, or those that a project is made of."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from docbatch.core.errors import SpecError, UsageError
from docbatch.core.report import visible
from docbatch.specs.checkout import Checkout, real
from docbatch.specs.load import DEFAULT_FOLDER, spec_folders
from docbatch.specs.nodes import Node
from docbatch.specs.project_file import FILE_NAME, find_project_file, show_file
from docbatch.specs.text import read
from docbatch.specs.yaml import parse

_SUFFIXES = (".yaml", ".yml")
_EXTENDS = "extends"


@dataclass(frozen=True, slots=True)
class SpecSearch:
    """`here` is the absolute folder that paths are relative to, `root` the project's, or `here` where there is none."""

    here: Path
    root: Path
    untrusted: bool = False

    @classmethod
    def begin(cls, here: Path, *, untrusted: bool) -> "SpecSearch":
        """Look for the project that a folder belongs to. What is wrong in docbatch.yaml does not matter here."""
        file = find_project_file(here, untrusted=untrusted)
        return cls(here, here if file is None else file.parent, untrusted)

    @property
    def checkout(self) -> Checkout:
        return Checkout(self.root, self.untrusted)

    def shown(self, file: Path) -> str:
        return show_file(file, self.here)

    def files(self, paths: Sequence[Path]) -> list[Path]:
        """Return the files that are named, and those below folders that are; without any, those of the project.

        Each is there once, by what it leads to. Raises UsageError for a path that is not there, or may not be read, and for
        a folder without specs.
        """
        found = self._named(paths) if paths else self._of_project()
        return list({real(file): file for file in found}.values())

    def _named(self, paths: Sequence[Path]) -> Iterator[Path]:
        for path in paths:
            place = Path(os.path.normpath(self.here / path))
            self._require(place, str(path))
            if place.is_dir():
                below = list(self._below(place))
                if not below:
                    raise UsageError(
                        f"the folder {visible(str(path))} holds no *.yaml or *.yml file",
                        hint="name spec files themselves",
                    )
                yield from below
            else:
                yield place

    def _require(self, place: Path, named: str) -> None:
        if fault := self.checkout.fault(place):
            raise UsageError(f"{visible(named)}: {fault[0]}", hint=fault[1])
        if not place.exists():
            raise UsageError(
                f"there is no file or folder {visible(named)}",
                hint="name spec files, or folders that hold them",
            )

    def _of_project(self) -> Iterator[Path]:
        """Yield docbatch.yaml, the jobs, and the fragments that they extend."""
        own = self.root / FILE_NAME
        files = [*([own] if own.exists() else ()), *self._below(self.root / DEFAULT_FOLDER)]
        if not files:
            raise UsageError(
                f"there is no {FILE_NAME} here and no spec in {DEFAULT_FOLDER}/",
                hint="name spec files, or folders that hold them",
            )
        known = set(map(real, files))
        while files:
            file = files.pop(0)
            yield file
            for fragment in self._fragments(file):
                if real(fragment) not in known:
                    known.add(real(fragment))
                    files.append(fragment)

    def _below(self, folder: Path) -> Iterator[Path]:
        """Yield the specs of a folder and those below it, in order; hidden ones are left out."""
        found = (
            Path(parent, name)
            for parent, names in spec_folders(folder)
            for name in names
            if name.endswith(_SUFFIXES) and not name.startswith(".")
        )
        yield from sorted(found)

    def _fragments(self, file: Path) -> Iterator[Path]:
        try:
            documents = parse(read(file, self.shown(file), self.checkout), self.shown(file))
        except SpecError:
            # What is wrong with it is told when it is laid out.
            return
        for document in documents:
            for text in _texts(document.child(_EXTENDS)):
                fragment = Path(os.path.normpath(self.root / text))
                # What a spec says is no reason to write files of others.
                if fragment.is_file() and real(fragment).is_relative_to(self.root):
                    yield fragment


def _texts(node: Node | None) -> Iterator[str]:
    if node is None:
        return
    for each in node.content if isinstance(node.content, tuple) else (node,):
        if isinstance(each.content, str):
            yield each.content
