"""Rich text read token by token: what is shown, where it stands, and what only looks like text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from docbatch.providers.local.flow import symbols
from docbatch.providers.local.flow.prose import PLAIN, Look, Prose
from docbatch.providers.local.flow.story import Story
from docbatch.providers.local.office.rich_text.code_pages import CodePages
from docbatch.providers.local.office.rich_text.scene import CellPlan, Scene
from docbatch.providers.local.office.rich_text.tokens import Token, tokens
from docbatch.providers.local.office.rich_text.vocabulary import (
    COLLECTED,
    FOOTERS,
    HEADERS,
    PASSED,
    SIGNS,
    SILENT,
)
from docbatch.providers.local.office.word.fields import EMPTY_BOX, TICKED, address

CHANGED = "the document has tracked changes; it is read as if all were accepted"
HIDDEN = "the document has hidden text; it is marked as hidden"
_MOST_GROUPS = 100_000
_INFO = {"title": "title", "subject": "subject", "author": "author"}


@dataclass(frozen=True, slots=True)
class _State:
    """What holds in a group, and ends with it."""

    place: str = "body"
    skip: int = 1
    font: int = 0
    look: Look = PLAIN
    is_hidden: bool = False
    is_deleted: bool = False
    opens: str = ""


class RichTextReader:
    """Reads one document. Nothing is nested in calls, however deep its groups are."""

    def __init__(self) -> None:
        self.pages = CodePages()
        self.metadata: dict[str, object] = {}
        self.warnings: dict[str, None] = {}
        self.pictures = 0
        self.headers, self.footers = Story(), Story()
        self._running: set[tuple[str, str]] = set()
        self.scenes = [Scene()]
        self._state = _State()
        self._stack: list[_State] = []
        self._bytes = bytearray()
        self._pending = 0
        self._is_optional = False
        self._collected: dict[str, str] = {}
        self._levels: dict[int, int] = {}
        self._paragraph: dict[str, int] = {}
        self._plans: list[CellPlan] = []
        self._plan = CellPlan()
        self._notes = self._comments = 0
        self._groups = self._known_groups()
        self._words = self._known_words()

    def read(self, data: bytes) -> None:
        for token in tokens(data):
            if token.kind == "{":
                self._open()
            elif token.kind == "}":
                self._close()
            elif token.kind == "word":
                self._word(token)
            else:
                self._take(token)
        while self._stack:
            self._close()
        self._flush()

    def _known_groups(self) -> Mapping[str, Callable[[], None]]:
        """Return what each word that opens a group begins."""
        return {
            "ud": lambda: self._set(place=self._collected.get("upr", "body")),
            "footnote": lambda: self._note("note"),
            "annotation": lambda: self._note("comment"),
            "shptxt": lambda: self._begin(Scene(), "box"),
            "dptxbxtext": lambda: self._begin(Scene(), "box"),
            "listtext": lambda: self._set(place="marker"),
            "pntext": lambda: self._set(place="marker"),
            "field": lambda: self._set(opens="field"),
            "fldrslt": self._result,
            "upr": self._alternative,
            # Silent but for the text boxes inside.
            "shpinst": lambda: self._set(place="around"),
            "do": lambda: self._set(place="around"),
            "formfield": lambda: self._set(place="silent", opens="formfield"),
            "stylesheet": lambda: self._set(place="stylesheet"),
        }

    def _known_words(self) -> Mapping[str, Callable[[int | None], None]]:
        """Return what each word does, given its number."""
        return {
            "par": lambda _: self._end_paragraph(),
            "sect": lambda _: self._end_paragraph(),
            "page": lambda _: self._end_paragraph(),
            "cell": lambda _: self.scenes[-1].end_cell(self._paragraph.get("ilvl", 0)),
            "row": lambda _: self.scenes[-1].end_row(self._plans),
            "trowd": lambda _: self._begin_row(),
            "cellx": self._end_plan,
            "pard": lambda _: self._begin_paragraph(),
            "ansicpg": lambda number: self.pages.declare(number or 0),
            "mac": lambda _: self.pages.declare(10000),
            "pc": lambda _: self.pages.declare(437),
            "pca": lambda _: self.pages.declare(850),
            "plain": lambda _: self._set(look=Look(link=self._state.look.link), is_hidden=False),
            "b": lambda number: self._set(look=replace(self._state.look, bold=number != 0)),
            "i": lambda number: self._set(look=replace(self._state.look, italic=number != 0)),
            "strike": lambda number: self._set(look=replace(self._state.look, struck=number != 0)),
            "super": lambda number: self._set(look=replace(self._state.look, is_raised=number != 0)),
            "nosupersub": lambda _: self._set(look=replace(self._state.look, is_raised=False)),
            "v": lambda number: self._set(is_hidden=number != 0),
            "deleted": lambda number: self._set(is_deleted=number != 0),
            "uc": lambda number: self._set(skip=max(number if number is not None else 1, 0)),
            "u": self._unicode,
            "f": self._font,
            "fcharset": lambda number: self.pages.set_charset(self._state.font, number or 0),
            "cpg": lambda number: self.pages.set_number(self._state.font, number or 0),
            "clmrg": lambda _: setattr(self._plan, "continues_left", True),
            "clvmrg": lambda _: setattr(self._plan, "continues_up", True),
        }

    def _open(self) -> None:
        self._flush()
        self._pending = 0
        if len(self._stack) < _MOST_GROUPS:
            self._stack.append(self._state)
        self._set(opens="")

    def _close(self) -> None:
        self._flush()
        self._pending = 0
        closed = self._state
        if self._stack:
            self._state = self._stack.pop()
        if closed.opens:
            self._leave(closed.opens)

    def _word(self, token: Token) -> None:
        word, number = token.word, token.number
        if word == "*":
            self._is_optional = True
            return
        is_optional, self._is_optional = self._is_optional, False
        if word in SIGNS or word in {"\n", "\r"}:
            self._sign(word)
            return
        self._flush()
        if word != "u":
            self._pending = 0
        if word in self._words:
            self._words[word](number)
        elif word in {"s", "outlinelevel", "ilvl", "intbl", "itap"}:
            self._paragraph[word] = 1 if number is None else number
        elif word in _INFO or self._enters(word, is_optional=is_optional):
            self._enter(word)
        elif word in {"ffres", "ffdefres"}:
            self._collected[word] = str(number or 0)
        elif word == "fftype":
            self._collected["fftype"] = str(number or 0)

    def _enters(self, word: str, *, is_optional: bool) -> bool:
        known = (HEADERS, FOOTERS, SILENT, COLLECTED, PASSED, self._groups)
        return is_optional or any(word in each for each in known)

    def _sign(self, word: str) -> None:
        if self._pending:
            self._pending -= 1
            return
        self._flush()
        if word in {"\n", "\r"}:
            self._end_paragraph()
        else:
            self._say(SIGNS[word])

    def _enter(self, word: str) -> None:
        """Begin what a group is about. Groups that nobody knows are silent, if they say that they may be."""
        place = self._state.place
        if word in _INFO:
            if place == "info":
                self._set(place=word, opens=word)
        elif place in {"silent", "fonttbl"}:
            return
        elif word in HEADERS or word in FOOTERS:
            self._begin(Scene("header" if word in HEADERS else "footer"), word)
        elif word in self._groups:
            self._groups[word]()
        elif word in COLLECTED:
            self._set(place=word, opens=word)
            self._collected[word] = ""
        elif word not in PASSED:
            self._set(place="silent")

    def _alternative(self) -> None:
        """Wait for the Unicode form of a text that is there twice."""
        self._collected["upr"] = self._state.place
        self._set(place="around")

    def _result(self) -> None:
        self._set(look=replace(self._state.look, link=address(self._collected.get("fldinst", ""))))

    def _begin(self, scene: Scene, opens: str) -> None:
        self.scenes.append(scene)
        self._set(place="body", opens=opens, look=Look(), is_hidden=False)

    def _note(self, role: str) -> None:
        if role == "note":
            self._notes += 1
            label, plain = str(self._notes), f"[{self._notes}]"
        else:
            self._comments += 1
            label, plain = f"comment-{self._comments}", f"[comment {self._comments}]"
        author = self._collected.pop("atnauthor", "") if role == "comment" else ""
        said = f"{author}: " if author else ""
        self.scenes[-1].prose.add(plain, marked=f"[^{label}]")
        self._begin(Scene(role, (f"{plain} {said}", f"[^{label}]: {said}")), role)

    def _leave(self, opened: str) -> None:
        """End what a group was about."""
        if opened in _INFO:
            text = self._collected.pop(opened, "").strip()
            if text:
                self.metadata |= {"authors": [text]} if opened == "author" else {opened: text}
        elif opened == "pict":
            self.pictures += 1
        elif opened == "formfield" and self._collected.get("fftype") == "1":
            result = self._collected.get("ffres", "25")
            result = self._collected.get("ffdefres", "0") if result == "25" else result
            self._collected["ticked"] = TICKED if result == "1" else EMPTY_BOX
        elif opened == "field":
            self._collected.pop("fldinst", "")
            self._say(self._collected.pop("ticked", ""))
        elif opened in HEADERS or opened in FOOTERS or opened in {"note", "comment", "box"}:
            self._deliver(self.scenes.pop())

    def _deliver(self, scene: Scene) -> None:
        story = scene.end()
        if scene.role in {"header", "footer"}:
            running = self.headers if scene.role == "header" else self.footers
            if (scene.role, story.text()) not in self._running:
                self._running.add((scene.role, story.text()))
                running.extend(story, scene.role)
        elif scene.role:
            text, marked = story.lines()
            prose = Prose()
            prose.add(scene.opening[0] + text, marked=scene.opening[1] + marked)
            self.scenes[-1].waiting.paragraph(prose, scene.role)
        else:
            self.scenes[-1].waiting.extend(story)

    def _take(self, token: Token) -> None:
        content = token.content
        if self._pending:
            dropped = min(self._pending, len(content))
            self._pending -= dropped
            content = content[dropped:]
        self._bytes += content

    def _flush(self) -> None:
        if not self._bytes:
            return
        content, self._bytes = bytes(self._bytes), bytearray()
        if self.pages.is_symbolic(self._state.font) and self._state.place != "fonttbl":
            font = self.pages.symbols_of(self._state.font)
            self._say("".join(symbols.character(font, each) for each in content))
        else:
            self._say(content.decode(self.pages.of(self._state.font), "replace"))

    def _unicode(self, number: int | None) -> None:
        code = (number or 0) % 0x10000
        before = self._collected.pop("surrogate", "")
        self._pending = self._state.skip
        if 0xD800 <= code < 0xDC00:
            self._collected["surrogate"] = chr(code)
            return
        pair = (before + chr(code)).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        font = self._state.font
        is_symbolic = self.pages.is_symbolic(font)
        self._say(symbols.translated(pair, self.pages.symbols_of(font)) if is_symbolic else pair)

    def _say(self, text: str) -> None:
        place, state = self._state.place, self._state
        if place == "fonttbl":
            self.pages.set_name(state.font, text)
        elif place in self._collected and place != "upr":
            self._collected[place] += text
        elif place in _INFO:
            self._collected[place] = self._collected.get(place, "") + text
        elif place == "stylesheet":
            self._style(text)
        elif place == "marker":
            self.scenes[-1].marker.add(text)
        elif place == "body" and state.is_deleted:
            self.warnings[CHANGED] = None
        elif place == "body" and state.is_hidden:
            self.warnings[HIDDEN] = None
            self.scenes[-1].hidden.add(text)
        elif place == "body":
            self.scenes[-1].prose.add(text, state.look)

    def _style(self, name: str) -> None:
        first = name.strip().rstrip(";").lower()
        if first.startswith("heading ") and first[8:].isdecimal() and first.isascii():
            self._levels[self._paragraph.get("s", 0)] = min(max(int(first[8:9]), 1), 9)
        elif first == "title":
            self._levels[self._paragraph.get("s", 0)] = 1

    def _end_paragraph(self) -> None:
        if self._state.place != "body":
            return
        outline = self._paragraph.get("outlinelevel", 9)
        level = outline + 1 if 0 <= outline < 9 else self._levels.get(self._paragraph.get("s", 0))
        in_table = bool(self._paragraph.get("intbl") or self._paragraph.get("itap"))
        depth = max(self._paragraph.get("ilvl", 0), 0)
        self.scenes[-1].end_paragraph(in_table=in_table, level=None if in_table else level, depth=depth)

    def _begin_paragraph(self) -> None:
        # The marker of an item is written as if it were a paragraph of its own.
        if self._state.place != "marker":
            self._paragraph.clear()

    def _begin_row(self) -> None:
        # The rows of a table in a cell are described in groups of their own, which nobody reads.
        if self._state.place != "silent":
            self._plans, self._plan = [], CellPlan()

    def _end_plan(self, right: int | None) -> None:
        if self._state.place != "silent":
            self._plan.right = right
            self._plans.append(self._plan)
            self._plan = CellPlan()

    def _font(self, number: int | None) -> None:
        self._set(font=number or 0)

    def _set(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]
