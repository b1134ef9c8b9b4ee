"""The part of GitHub's expressions that our workflows use: paths, texts, `==`, `!=`, `&&`, `||`, `!`, and `cancelled()`."""

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\s*(?:(==|!=|&&|\|\||!|\(|\))|'((?:[^']|'')*)'|([A-Za-z_][\w.-]*))")
_PLACE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def filled(text: str, contexts: Mapping[str, Any]) -> str:
    """Return text in which each expression is replaced by its value, as texts of steps are before they run."""
    return _PLACE.sub(lambda found: _text(_Reader(found[1], contexts).value()), text)


def holds(condition: str, contexts: Mapping[str, Any]) -> bool:
    """Say whether a condition of `if:` holds."""
    whole = _PLACE.fullmatch(condition.strip())
    return bool(_Reader(whole[1] if whole else condition, contexts).value())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


class _Reader:
    def __init__(self, text: str, contexts: Mapping[str, Any]) -> None:
        self.tokens: list[tuple[str, str, str]] = []
        self.contexts = contexts
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            assert found is not None, f"no expression that this understands: {text}"
            mark, quoted, name = found.groups()
            self.tokens.append((mark or "", name or "", "" if quoted is None else f"'{quoted}"))
            place = found.end()

    def value(self) -> Any:
        found = self._any()
        assert not self.tokens, f"not understood: {self.tokens}"
        return found

    def _next_is(self, mark: str) -> bool:
        if self.tokens and self.tokens[0][0] == mark:
            self.tokens.pop(0)
            return True
        return False

    def _any(self) -> Any:
        found = self._all()
        while self._next_is("||"):
            other = self._all()
            found = found or other
        return found

    def _all(self) -> Any:
        found = self._equal()
        while self._next_is("&&"):
            other = self._equal()
            found = found and other
        return found

    def _equal(self) -> Any:
        found = self._one()
        while True:
            if self._next_is("=="):
                found = _text(found) == _text(self._one())
            elif self._next_is("!="):
                found = _text(found) != _text(self._one())
            else:
                return found

    def _one(self) -> Any:
        if self._next_is("!"):
            return not self._one()
        if self._next_is("("):
            found = self._any()
            assert self._next_is(")")
            return found
        _, name, quoted = self.tokens.pop(0)
        if quoted:
            return quoted[1:].replace("''", "'")
        if self._next_is("("):
            assert self._next_is(")")
            assert name == "cancelled", name
            return False
        found = self.contexts
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found
