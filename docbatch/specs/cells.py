"""From a job with a matrix to a job for each cell: the values of the cell stand where the job names them."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from docbatch.core.errors import Problem, SpecError
from docbatch.naming.closest import closest, listed, short
from docbatch.naming.expressions import Lookup, Part, TemplateError
from docbatch.naming.partial_templates import parse_below
from docbatch.specs.matrix import KEY, Cell, JobMatrix, slug, word_of
from docbatch.specs.merging import without
from docbatch.specs.nodes import Mark, Node, Origin, Path, Step, show_path
from docbatch.specs.size import Size

_NAME = "name"
_PLACE = re.compile(r"[0-9]{1,9}")
_APART = "name the values in it, as in name: invoices-{{ matrix.country }}-{{ matrix.kind }}"


def jobs_of(origin: Origin, size: Size) -> Iterator[tuple[Origin, Sequence[Problem]]]:
    """Yield the job of each cell, with what keeps it from being one. Raises SpecError with what is wrong for all."""
    written = origin.node.child(KEY)
    assert written is not None
    matrix = JobMatrix(written)
    mould = Mould(without(origin.node, KEY), matrix)
    size.add_cells(matrix.size, matrix.mark)
    size.add_made(matrix.size * mould.heaviest, matrix.mark)
    first: dict[str, str] = {}
    told: set[str] = set()
    for words, cell in matrix.cells():
        node, problems = mould.filled(words, cell)
        said = short(", ".join(words))
        named = node.child(_NAME)
        name = named.text if named else ""
        found = Origin(origin.file, origin.shown, node, origin.fragments, name or said)
        other = first.get(name) if name else None
        first.setdefault(name, said)
        if other is None:
            yield found, [found.named(problem) for problem in problems]
        elif name not in told:
            told.add(name)
            message = f"the cells ({other}) and ({said}) have one name, {short(name)}"
            yield found, [found.problem((_NAME,), message, _APART)]
    if not first:
        raise SpecError([_problem(matrix.mark, (KEY,), "exclude leaves no cell", "leave fewer out")])


def strays(node: Node, told: str, hint: str, path: Path = ()) -> Iterator[Problem]:
    """Yield a problem for each text that names a value of a matrix where there is none."""
    for step, each in _children(node):
        yield from strays(each, told, hint, (*path, step))
    if isinstance(node.content, str):
        try:
            lookups = [part for part in _parsed(node.content, ()) if isinstance(part, Lookup)]
        except TemplateError as error:
            yield _problem(node.mark, path, str(error), error.hint)
            return
        if lookups:
            yield _problem(node.mark, path, told.format(lookups[0]), hint)


class Mould:
    """A job as it is written for all cells of a matrix. Raises SpecError where it names what the matrix has not.

    `heaviest` is how much one of its jobs comes to at most, see `merging.weight`.
    """

    def __init__(self, node: Node, matrix: JobMatrix) -> None:
        self._node = without(node, _NAME)
        self._named = node.child(_NAME)
        self._mark_of_name = node.keys.get(_NAME, node.mark)
        self._heaviest = {axis.name: axis.heaviest for axis in matrix.axes}
        self._parts: dict[int, tuple[Path, Sequence[Part]]] = {}
        self._weights: dict[int, int] = {}
        self._varying: set[int] = set()
        self._problems: list[Problem] = []
        self.heaviest = self._compiled(self._node, ()) + self._of_name()
        for axis in matrix.axes:
            for index, value in enumerate(axis.values.values()):
                path = (KEY, axis.name, index)
                told = "{} stands in a value of the matrix, where nothing is filled in"
                self._problems += strays(value, told, "write the value itself", path)
        if self._problems:
            raise SpecError(self._problems)

    def filled(self, words: Sequence[str], cell: Cell) -> tuple[Node, Sequence[Problem]]:
        """Return the job of a cell, and what cannot be filled in."""
        problems: list[Problem] = []
        node = self._filled(self._node, cell, problems)
        if self._named is None or not isinstance(node.content, dict):
            return node, problems
        content = {_NAME: self._name(self._named, words, cell, problems), **node.content}
        return Node(node.mark, content, keys={_NAME: self._mark_of_name, **node.keys}), problems

    def _name(self, named: Node, words: Sequence[str], cell: Cell, problems: list[Problem]) -> Node:
        if id(named) in self._parts:
            return self._text(named, cell, problems)
        if not isinstance(named.content, str):
            return named
        slugs = [slug(word) for word in words]
        for word in (word for word, made in zip(words, slugs, strict=True) if not made):
            told = f"no part of a name can be made of the value {short(word)}"
            hint = "give the value a name of small letters, digits, - and _: {name: …}, and name what else it has"
            problems.append(_problem(named.mark, (_NAME,), told, hint))
        text = "-".join((named.content, *slugs))
        return Node(named.mark, text, text)

    def _of_name(self) -> int:
        """Return how much a name comes to at most."""
        if self._named is None:
            return 0
        return self._compiled(self._named, (_NAME,)) + sum(self._heaviest.values())

    def _compiled(self, node: Node, path: Path) -> int:
        """Take texts apart, and return how much a value comes to at most. What aliases repeat is looked at once."""
        known = self._weights.get(id(node))
        if known is not None:
            return known
        if isinstance(node.content, str):
            most = self._of_text(node, path)
        else:
            most = len(node.text)
            for step, each in _children(node):
                most += self._of_key(node, step, path) + self._compiled(each, (*path, step))
                if id(each) in self._varying:
                    self._varying.add(id(node))
        self._weights[id(node)] = most = most + 1
        return most

    def _of_key(self, node: Node, key: Step, path: Path) -> int:
        if isinstance(key, int):
            return 0
        if any(isinstance(part, Lookup) for part in self._taken_apart(key, node.keys[key], (*path, key))):
            told = "nothing is filled into a key"
            self._problems.append(_problem(node.keys[key], (*path, key), told, "write the key itself"))
        return len(key)

    def _of_text(self, node: Node, path: Path) -> int:
        parts = self._taken_apart(node.text, node.mark, path)
        lookups = [part for part in parts if isinstance(part, Lookup)]
        if lookups:
            self._parts[id(node)] = path, parts
            self._varying.add(id(node))
        return len(node.text) + sum(each.growth * self._heaviest[each.path[1]] for each in lookups)

    def _taken_apart(self, text: str, mark: Mark, path: Path) -> Sequence[Part]:
        try:
            return _parsed(text, self._heaviest)
        except TemplateError as error:
            self._problems.append(_problem(mark, path, str(error), error.hint))
            return ()

    def _filled(self, node: Node, cell: Cell, problems: list[Problem]) -> Node:
        if id(node) not in self._varying:
            return node
        if isinstance(node.content, dict):
            content = {key: self._filled(each, cell, problems) for key, each in node.content.items()}
            return Node(node.mark, content, keys=node.keys)
        if isinstance(node.content, tuple):
            return Node(node.mark, tuple(self._filled(each, cell, problems) for each in node.content))
        _, parts = self._parts[id(node)]
        if len(parts) == 1 and isinstance(parts[0], Lookup) and not parts[0].filters:
            found = _value(parts[0], cell)
            if found is not None:
                return found
        return self._text(node, cell, problems)

    def _text(self, node: Node, cell: Cell, problems: list[Problem]) -> Node:
        path, parts = self._parts[id(node)]
        try:
            text = "".join(part if isinstance(part, str) else _shown(part, cell) for part in parts)
        except TemplateError as error:
            problems.append(_problem(node.mark, path, str(error), error.hint))
            return node
        return Node(node.mark, text, text)


def _children(node: Node) -> Iterator[tuple[Step, Node]]:
    if isinstance(node.content, dict):
        yield from node.content.items()
    elif isinstance(node.content, tuple):
        yield from enumerate(node.content)


def _parsed(text: str, fields: Collection[str]) -> Sequence[Part]:
    return parse_below(text, KEY, fields) if "{{" in text else (text,)


def _value(lookup: Lookup, cell: Cell) -> Node | None:
    """Return what a look-up finds in a cell, None where there is nothing. A mapping as such stands for its name."""
    _, axis, *steps = lookup.path
    found: Node | None = cell[axis]
    if not steps and isinstance(cell[axis].content, dict):
        return cell[axis].child(_NAME)
    for step in steps:
        found = None if found is None else _part(found, step)
    return found


def _part(node: Node, step: str) -> Node | None:
    if isinstance(node.content, tuple):
        return node.child(int(step)) if _PLACE.fullmatch(step) else None
    return node.child(step)


def _shown(lookup: Lookup, cell: Cell) -> str:
    """Return a value as text. Raises TemplateError where there is none, or one that is no text."""
    found = _value(lookup, cell)
    if found is not None and isinstance(found.content, dict | tuple):
        raise TemplateError(
            f"{lookup} is {found.kind}, and stands in a text",
            hint="name a part of it, or let it be all of the value",
        )
    text = lookup.filtered(None if found is None or found.content is None else found.text)
    if text is None:
        *above, last = lookup.path
        word = short(word_of(cell[lookup.path[1]]) or "")
        raise TemplateError(
            f"{lookup} is not defined for {word}", hint=_near(last, cell[lookup.path[1]], above)
        )
    return text


def _near(word: str, value: Node, above: Sequence[str]) -> str | None:
    if not isinstance(value.content, dict):
        return f"{'.'.join(above[:2])} is {value.kind}, and has no parts"
    known: Mapping[str, Node] = value.content
    close = closest(word, known)
    return f"did you mean {'.'.join((*above[:2], close))}?" if close else f"it has {listed(known)}"


def _problem(mark: Mark, path: Path, message: str, hint: str | None) -> Problem:
    return Problem(mark.file, mark.line, mark.column, show_path(path), message, hint)
