from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.errors import SpecError
from docbatch.specs.syntax import MAX_DEPTH
from docbatch.specs.yaml import MAX_CHARACTERS, MAX_NODES, parse


def plain(text: str) -> object:
    (node,) = parse(text, "a.yaml")
    return node.plain()


def refusal(text: str) -> str:
    with pytest.raises(SpecError) as refused:
        parse(text, "a.yaml")
    return str(refused.value)


@pytest.mark.parametrize(
    "word",
    [
        *(
            "yes",
            "no",
            "on",
            "off",
            "True",
            "FALSE",
            "Null",
            "NULL",
            "010",
            "0o10",
            "0x1F",
            "1_000",
            "+5",
            "1e3",
        ),
        *(".5", "5.", ".inf", ".nan", "12:30", "2024-01-31", "2024-01-31T12:30:00Z", "=", "1.2.3", "6h"),
    ],
)
def test_what_is_no_plain_word_or_number_is_text(word: str) -> None:
    assert plain(f"key: {word}") == {"key": word}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("1.50", 1.5),
    ],
)
def test_plain_words_and_decimals_have_a_type(written: str, meant: object) -> None:
    assert plain(f"key: {written}") == {"key": meant}


def test_a_decimal_without_a_fraction_is_a_whole_number() -> None:
    assert type(plain("50.0")) is int


@pytest.mark.parametrize("quoted", ["'true'", '"5"', "'~'", "''", "|\n 5", ">-\n  no"])
def test_quotes_make_text(quoted: str) -> None:
    (node,) = parse(f"key: {quoted}", "a.yaml")
    assert isinstance(node.at(("key",)).content, str)  # type: ignore[union-attr]


def test_keys_are_text_whatever_they_look_like() -> None:
    assert plain("{no: 1, 2024: 2, 1.5: 3}") == {"no": 1, "2024": 2, "1.5": 3}


def test_every_key_and_value_knows_its_place() -> None:
    (node,) = parse("a: 1\nb:\n  - x\n  - key: value\n", "a.yaml")
    inner = node.at(("b", 1, "key"))
    assert inner is not None
    assert (inner.mark.line, inner.mark.column) == (4, 10)
    assert (node.keys["b"].line, node.keys["b"].column) == (2, 1)


def test_documents_are_separate_and_empty_ones_are_left_out() -> None:
    nodes = parse("a: &x 1\n---\n---\n# nothing\n---\nb: 2\n", "a.yaml")
    assert [node.plain() for node in nodes] == [{"a": 1}, {"b": 2}]


def test_an_anchor_ends_with_its_document() -> None:
    assert "a.yaml:3:4: b: this alias has no anchor" in refusal("a: &x 1\n---\nb: *x\n")


def test_an_alias_stands_for_its_anchor() -> None:
    assert plain("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1: a: this key is written twice (the first one is in line 1)"),
        ("a: &x [*x]\n", "1:8: a[0]: this alias refers to the value that contains it"),
        ("<<: {a: 1}\n", "1:1: merge keys (<<) are not supported"),
        ("a: !!python/object/apply:os.system [id]\n", "1:4: a: tags such as !name are not supported"),
        ("!!str a: 1\n", "1:1: tags such as !name are not supported"),
        ("'': 1\n", "1:1: the key is empty"),
        ('"a\\0": 1\n', "1:1: the key contains a NUL or half a character"),
        ("a: &x 1\n? *x\n: 2\n", "2:3: a key must be plain text"),
        ("{{x}}: 1\n", "1:2: a key must be plain text"),
        ("? [a]\n: 1\n", "1:3: a key must be plain text"),
        (
            "path: {{ vars.x }}\n",
            "1:8: path: a key must be plain text (put a value that contains {{ … }} in quotes)",
        ),
        ("path: {{ vars.x }}/y\n", "1:8: path: a key must be plain text"),
        (
            "include: *.pdf\n",
            "1:10: a plain value cannot begin with * (put a pattern that begins with * in quotes",
        ),
        (
            "include: *pdf\n",
            "1:10: include: this alias has no anchor (put a value that begins with * in quotes",
        ),
        ("include: !x*\n", "1:10: include: tags such as !name are not supported"),
        ("a:\n\tb: 1\n", "2:1: tabs cannot indent YAML (use spaces)"),
        ("a: @b\n", "1:4: a plain value cannot begin with @, %, or ` (put it in quotes)"),
        (
            "a: b: c\n",
            '1:5: a second colon in one line, or a line that is indented too far (put a value that contains ": "',
        ),
        ("a: 'b\n", "1:4: a quotation mark is opened and never closed"),
        ("a: [b\nc: d\n", "1:4: a bracket [ or { is opened and never closed"),
        ("- a\nb: c\n", '2:1: a list goes on without "- "'),
        ("a: b\nc\n", "2:1: this line is neither `key: value` nor an entry of a list"),
        ('a: "\\q"\n', "1:5: an escape after \\ is not known"),
        ('a: "\\0"\n', "1:4: a: the text contains a NUL or half a character"),
        ("a: \x07\n", "1:4: the character U+0007 cannot stand in YAML (remove it)"),
        (
            "a: 1234567890123456\n",
            "1:4: a: a number may have 15 digits (put it in quotes if it is a name or an id)",
        ),
        ("%YAML 3.0\n---\na: b\n", "1:1: this version of YAML is not known"),
    ],
)
def test_a_slip_is_told_with_its_place_and_a_way_out(text: str, said: str) -> None:
    assert f"a.yaml:{said}" in refusal(text)


def test_all_slips_of_a_file_are_told_at_once() -> None:
    assert [line.split(": ")[0] for line in refusal("a: 1\na: 2\nb: *x\nc: !y z\n").splitlines()] == [
        "a.yaml:2:1",
        "a.yaml:3:4",
        "a.yaml:4:4",
    ]


def test_one_slip_is_told_once() -> None:
    assert len(refusal("path: {{ vars.x }}/y\n").splitlines()) == 1


def test_a_bomb_of_aliases_is_refused() -> None:
    levels = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 10)]
    said = refusal("\n".join(["a0: &a0 [x]", *levels]))
    assert f"the file grows to more than {MAX_NODES:,} values, aliases written out" in said


def test_a_long_text_cannot_be_multiplied_by_aliases() -> None:
    text = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 50)}]\n"
    assert f"more than {MAX_CHARACTERS:,} characters" in refusal(text)


# Each is nested once more than is allowed, and then far beyond what a parser bears with that has a limit of its own.
NESTS: dict[str, Callable[[int], str]] = {
    "lists": lambda depth: "[" * depth + "]" * depth,
    "mappings": lambda depth: "{a: " * depth + "}" * depth,
    "keys": lambda depth: "{" * depth + "}" * depth,
    "spelled-out keys": lambda depth: "? " * depth + "x",
    "entries": lambda depth: "- " * depth + "x",
    "lines": lambda depth: "\n".join(f"{' ' * level}a:" for level in range(depth)),
    "anchors": lambda depth: "".join(f"&a{level} [" for level in range(depth)) + "]" * depth,
    "never closed": lambda depth: "[" * depth,
}
PLACES = {
    "lists": "1:66: [0][0][0]",
    "mappings": "1:261: a.a.a",
    "keys": "1:66",
    "spelled-out keys": "1:131",
    "entries": "1:131: [0][0][0]",
    "lines": "66:66: a.a.a",
    "anchors": "1:381: [0][0][0]",
    "never closed": "1:66: [0][0][0]",
}


@pytest.mark.parametrize("depth", [MAX_DEPTH + 2, 900, 5000])
@pytest.mark.parametrize("form", NESTS)
def test_deep_nesting_is_refused_where_it_goes_too_far(form: str, depth: int) -> None:
    said = f"values are nested more than {MAX_DEPTH} deep (a spec needs a few levels)"
    assert refusal(NESTS[form](depth)) == f"a.yaml:{PLACES[form]}: {said}"


@pytest.mark.parametrize("form", [form for form in NESTS if "key" not in form and form != "never closed"])
def test_what_is_nested_as_deep_as_is_allowed_is_read(form: str) -> None:
    assert plain(NESTS[form](MAX_DEPTH))


def test_aliases_do_not_nest_deeper_than_what_is_written_out() -> None:
    levels = [f"a{level}: &a{level} [*a{level - 1}]" for level in range(1, 100)]
    text = "\n".join(["a0: &a0 [x]", *levels])
    assert f"a.yaml:64:12: a63[0]: values are nested more than {MAX_DEPTH} deep" in refusal(text)


def test_slips_before_deep_nesting_are_told_too() -> None:
    told = refusal("a: 1\na: 2\nb: " + "[" * 5000).splitlines()
    assert [line.split(": ")[0] for line in told] == ["a.yaml:2:1", "a.yaml:3:68"]


def test_no_message_repeats_a_tag_or_the_name_of_an_alias() -> None:
    assert "sesame" not in refusal("a: *sesame\nb: !sesame x\n")


_PIECES = st.sampled_from(
    [*"abc:-[]{},&*!|>'\"%@`#?~ \n\t", "a: ", "- ", "&a ", "*a", "---\n", "  ", "<<", "5", "{{ vars.x }}"]
)


def is_read_or_refused(text: str) -> bool:
    try:
        parse(text, "a.yaml")
    except SpecError as error:
        return all(problem.line for problem in error.problems)
    return True


@given(st.text())
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    assert is_read_or_refused(text)


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_any_jumble_of_yaml_is_read_or_refused_with_a_place(text: str) -> None:
    assert is_read_or_refused(text)
