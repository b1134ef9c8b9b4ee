"""YAML as people leave it: any indentation, any spacing, comments everywhere; drawn from a seed."""

import random

_KEYS = ("name", "source", "path", '"quoted key"', "'key'", "on_partial", "labels", "key-1", "x.y")
_PLAIN = (
    "invoices", "1.50", "010", "no", "2026-01-01", "12:30", "~", "in/**/x.pdf", "a b  c", "null", "-1", "a#b", "http://x.test/y?z=1",
    "true", "50", "é ü 漢字", "back\\slash",
)  # fmt: skip
_QUOTED = (
    '"out/{{ job.name }}/{{ doc.path }}.md"', "'*.pdf'", '"tab\\t and \\u00e9"', "'it''s'", '""', "'# no comment'", '": "', '"a  b"',
    "'{a: 1}'", '"- x"',
)  # fmt: skip
_FLOW = (
    "{}", "[]", "{a: 1}", "{ a: 1,b: 2 }", '[ "a",b , c ]', "[{a: 1},{b: [1,2]}]", '{"a":1, b: }', "[a,]", "{a: {b: {c: [ ]}}}",
    '{type: files,   path: "x/{{ doc.path }}"}', "[a: 1]", "{a, b: 2}",
)  # fmt: skip
_COMMENTS = ("# why", "#no space", "#   several   spaces", "# - a: list", "#", "# é {{ x }}", "#!: odd")


class RandomYaml:
    """Writes one text of mappings, lists, values and comments."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lines: list[str] = []
        self._anchors = 0

    def text(self) -> str:
        chance = self._random
        documents = []
        for number in range(chance.choice((1, 1, 1, 2, 3))):
            self._lines = []
            self._comments(0)
            self._mapping(0, chance.randint(1, 4), 3)
            self._comments(0)
            head = (
                "---" + chance.choice(("", " ", "   # a document")) + "\n"
                if number or chance.random() < 0.2
                else ""
            )
            documents.append(head + "\n".join(self._lines))
        end = chance.choice(("", "\n", "\n", "\n\n\n", "  \n"))
        return "\n".join(documents) + end

    def _mapping(self, indent: int, size: int, depth: int) -> None:
        for key in self._random.sample(_KEYS, size):
            self._comments(indent)
            self._lines.append(" " * indent + key + ":")
            self._value(indent, depth, in_list=False)

    def _list(self, indent: int, depth: int) -> None:
        chance = self._random
        for _ in range(chance.randint(1, 3)):
            self._comments(indent)
            self._lines.append(" " * indent + "-")
            if depth and chance.random() < 0.4:
                dash = len(self._lines) - 1
                gap = chance.randint(1, 4)
                begun = len(self._lines)
                self._mapping(indent + 1 + gap, chance.randint(1, 3), depth - 1)
                self._join(dash, begun, indent + 1 + gap)
            else:
                self._value(indent, depth, in_list=True)

    def _join(self, dash: int, begun: int, column: int) -> None:
        """Put the first key of a mapping behind its dash, unless a comment or an empty line is in the way."""
        first = self._lines[begun]
        if first.strip() and not first.strip().startswith("#"):
            self._lines[dash] = self._lines[dash].ljust(column) + first.lstrip()
            del self._lines[begun]

    def _value(self, indent: int, depth: int, *, in_list: bool) -> None:
        chance = self._random
        sort = chance.choice(
            ("plain", "quoted", "flow", "block", "lines", "mapping", "list", "empty", "folded", "brackets")
        )
        if depth == 0 and sort in {"mapping", "list"}:
            sort = "plain"
        step = chance.randint(1, 5)
        match sort:
            case "mapping":
                self._behind(self._anchor())
                self._mapping(indent + step, chance.randint(1, 3), depth - 1)
            case "list":
                self._behind("")
                self._list(indent + (step if in_list or chance.random() < 0.5 else 0), depth - 1)
            case "block":
                self._block(indent, step)
            case "lines":
                quote = chance.choice(('"', "'"))
                self._put(f"{quote}first  ")
                self._lines += [
                    "",
                    " " * (indent + step) + "second ",
                    "\t" + " " * (indent + step) + f"third{quote}",
                ]
                self._behind("")
            case "folded":
                self._put("first part")
                self._lines.append(" " * (indent + step) + "and   the rest")
                self._behind("")
            case "brackets":
                self._brackets(indent, step)
            case "empty":
                self._behind("")
            case _:
                words = {"plain": _PLAIN, "quoted": _QUOTED, "flow": _FLOW}[sort]
                self._put(self._anchor() + chance.choice(words))
                self._behind("")

    def _anchor(self) -> str:
        if self._random.random() > 0.1:
            return ""
        self._anchors += 1
        return f"&a{self._anchors} "

    def _block(self, indent: int, step: int) -> None:
        chance = self._random
        said = chance.choice(("", "", str(step)))
        marks = chance.choice(("", "-", "+"))
        self._put(chance.choice("|>") + chance.choice((said + marks, marks + said)))
        self._behind("")
        own = " " * (indent + step)
        lines = [
            own + "text",
            own + "  # no comment",
            "",
            own + "key: value   ",
            own + chance.choice(("end", "- x")),
        ]
        if said:
            lines.insert(0, own + "   deeper")
        self._lines += lines[: chance.randint(1 if not said else 2, len(lines))]
        self._lines += [""] * chance.randint(0, 2)

    def _brackets(self, indent: int, step: int) -> None:
        chance = self._random
        self._put("[")
        self._behind("")
        own = " " * (indent + step)
        self._comments(indent + step)
        self._lines.append(own + "a ,  {b: 1,")
        self._behind("")
        self._lines.append(own + chance.choice(("", "    ")) + "c:   [x,y]} ,")
        self._comments(indent + step)
        self._lines.append(" " * (indent + 1) + "]")
        self._behind("")

    def _put(self, text: str) -> None:
        self._lines[-1] += " " * self._random.randint(1, 3) + text

    def _behind(self, text: str) -> None:
        """Put something behind what a line says, or a comment, or space."""
        if text:
            self._put(text)
        roll = self._random.random()
        if roll < 0.2:
            self._put(self._random.choice(_COMMENTS))
        elif roll < 0.3:
            self._lines[-1] += "  "

    def _comments(self, indent: int) -> None:
        while self._random.random() < 0.3:
            column = self._random.choice((indent, indent, indent + 1, 0))
            self._lines.append(
                self._random.choice(("", "   ", " " * column + self._random.choice(_COMMENTS)))
            )
