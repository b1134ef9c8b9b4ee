from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.naming import expressions
from docbatch.naming.templates import Template, TemplateError, below, compile_template, doc_fields, identity
from tests.steps import calls

DOC = doc_fields(b"a/b/Report.final.PDF", sha256="0123456789abcdef", size=1500)
CONTEXT = {"doc": DOC, "job": {"name": "invoices", "labels": {"team": "x y"}}, "vars": {"out": "o"}}


def refusal(text: str) -> str:
    with pytest.raises(TemplateError) as refused:
        compile_template(text)
    return f"{refused.value} ({refused.value.hint})"


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{{ doc.path }}.md", "a/b/Report.final.PDF.md"),
        ("{{doc.name}}", "Report.final.PDF"),
        ("{{ doc.parent }}/{{ doc.stem }}-{{ doc.suffix }}", "a/b/Report.final-.PDF"),
        ("{{ doc['stem'] | lower }}", "report.final"),
        ("{{ doc.suffix | upper }}", ".PDF"),
        ("{{ doc.size }}", "1500"),
        ("{{ doc.sha256 | left(6) }}", "012345"),
        ("{{ doc.parent | replace('/', '__') }}", "a__b"),
        ("{{ vars.out }}/{{ job.name }}", "o/invoices"),
        ("{{ job.labels.team | replace(' ', '') | trim }}", "xy"),
        ("{{ job.labels.none | lower | default('-') }}", "-"),
        ("{{ '{{' }}{ }", "{{{ }"),
        ("{{- doc.stem -}}", "Report.final"),
    ],
)
def test_rendering(text: str, rendered: str) -> None:
    assert compile_template(text).render(CONTEXT) == rendered


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% for x in y %}", "statements and comments are not supported"),
        ("{# a #}", "statements and comments are not supported"),
        ("{{ doc.path }", "this is not an expression"),
        ("a }} b", "}} stands without {{"),
        ("{{ doc.path }} }}", "}} stands without {{"),
        ("{{ }}", "this is not an expression"),
        ("{{ doc }}", "doc alone is not a value (write as in {{ doc.path }})"),
        ("{{ vars }}", "vars alone is not a value"),
        ("{{ job.labels }}", "job.labels alone is not a value (name a label"),
        ("{{ doc.pth }}", "doc.pth is not known (did you mean doc.path?)"),
        ("{{ doc.__class__ }}", "doc.__class__ is not known (doc has path, name"),
        ("{{ doc.path.upper }}", "doc.path has no parts"),
        ("{{ self.x }}", "self.x is not known (a name begins with doc, job, vars)"),
        ("{{ doc[0] }}", "a name in brackets must be text in quotes"),
        ("{{ doc[job.name] }}", "a name in brackets must be text in quotes"),
        ("{{ doc.path[:5] }}", "a name in brackets must be text in quotes"),
        ("{{ doc.path() }}", "a call cannot be used"),
        ("{{ range(1000000000) }}", "a call cannot be used"),
        ("{{ doc.size + 1 }}", "arithmetic cannot be used"),
        ("{{ 'x' * 1000000000 }}", "arithmetic cannot be used"),
        ("{{ -doc.size }}", "arithmetic cannot be used"),
        ("{{ doc.stem ~ doc.stem }}", "joining with ~ cannot be used"),
        ("{{ doc.stem if doc.size else 1 }}", "a condition cannot be used"),
        ("{{ doc.stem is defined }}", "a test cannot be used"),
        ("{{ doc.size > 5 }}", "a comparison cannot be used"),
        ("{{ not doc.size }}", "logic cannot be used"),
        ("{{ [doc.stem] }}", "a list cannot be used"),
        ("{{ {'a': 1} }}", "a mapping cannot be used"),
        ("{{ 5 }}", "a number or constant cannot be used"),
        ("{{ ''.__class__.__mro__ }}", "a number or constant cannot be used"),
        ("{{ doc.path | attr('x') }}", "the filter attr is not known"),
        ("{{ doc.path | lowr }}", "the filter lowr is not known (did you mean lower?)"),
        ("{{ doc.path | lower(1) }}", "the filter lower has the wrong arguments"),
        ("{{ doc.path | replace('a') }}", "the filter replace has the wrong arguments"),
        ("{{ doc.path | replace(doc.name, 'a') }}", "the filter replace has the wrong arguments"),
        ("{{ doc.path | replace(old='a', new='b') }}", "the filter replace has the wrong arguments"),
        ("{{ doc.path | left(true) }}", "the filter left has the wrong arguments"),
        ("{{ doc.path | replace('', 'b') }}", "the filter replace cannot replace nothing"),
        ("{{ doc.path | replace('a', 'aaaaaaaaaaaaaaaaa') }}", "make it too long"),
        ("{{ doc.path" + " | lower" * 9 + " }}", "make it too long"),
        ("x" * 1001, "the template has 1,001 characters"),
        ("{{ " + "(" * 900 + " }}", "the expression is nested too deep"),
        ("a\\b", "the template contains the character U+005C"),
        ("a\nb", "the template contains the character U+000A"),
    ],
)
def test_what_is_more_than_names_and_filters_is_refused(text: str, said: str) -> None:
    assert said in refusal(text)


def test_a_name_without_a_value_is_told_with_the_nearest_one() -> None:
    with pytest.raises(TemplateError, match=r"vars\.outt is not defined") as missing:
        compile_template("{{ vars.outt }}").render(CONTEXT)
    assert missing.value.hint == "did you mean vars.out?"


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("out/{{ doc.path }}", "out/"),
        ("out/a-{{ doc.path }}", "out/a-"),
        ("{{ doc.path }}", ""),
        ("out/all.jsonl", "out/all.jsonl"),
        ("{{ vars.out }}/{{ doc.path }}", ""),
    ],
)
def test_the_literal_root_ends_at_the_first_expression(text: str, root: str) -> None:
    assert compile_template(text).literal_root == root


def test_binding_makes_values_literal() -> None:
    template = compile_template("{{ vars.out }}/{{ job.name }}/{{ doc.path }}")
    bound = template.bind({"vars": {"out": "o"}})
    assert bound.literal_root == "o/"
    assert bound.bind({"job": CONTEXT["job"]}) == compile_template("o/invoices/{{ doc.path }}")


def test_spacing_inside_braces_is_no_change_and_everything_else_is() -> None:
    assert identity("a/{{doc.path|lower}}") == identity("a/{{  doc.path | lower  }}")
    texts = [
        "a/{{ doc.path }}",
        "b/{{ doc.path }}",
        "a/{{ doc.name }}",
        "a/{{ doc.path | lower }}",
        "a/doc.path",
    ]
    assert len(set(map(identity, texts))) == len(texts)


_TEXTS = st.lists(
    st.sampled_from(
        ["{{ doc.path }}", "{{doc.stem}}", "{{ job.labels.team }}", "{{ vars.out }}", "a", "/", "{", "}", " "]
    )
)


@given(_TEXTS.map("".join))
def test_the_short_way_of_parsing_gives_what_the_template_engine_gives(text: str) -> None:
    def parts(parse: Any) -> object:
        try:
            return Template(tuple(part for part in parse(text) if part != ""))
        except TemplateError:
            return None

    assert parts(expressions.parse) == parts(lambda text: expressions._parts(text, expressions.PATHS))


_NAMES = st.lists(
    st.sampled_from([b"a", b".", b"..", b"x.pdf", b"...pdf", b"\xff", "ß".encode(), b"\n"]), min_size=1
)


@given(
    _NAMES.map(b"/".join),
    st.sampled_from(
        ["{{ doc.stem }}", "{{ doc.parent }}/x", "{{ doc.path | replace('x', '') }}/{{ doc.suffix }}"]
    ),
)
def test_an_output_never_leaves_its_root(path: bytes, text: str) -> None:
    rendered = compile_template(text).render({"doc": doc_fields(path, sha256="0", size=0)})
    try:
        output = below(rendered)
    except TemplateError:
        return
    assert not {b"", b".", b".."} & set(output.split(b"/"))


@pytest.mark.parametrize("rendered", ["../x", "a/../../x", "..", "a/.."])
def test_an_output_that_leaves_its_root_is_refused(rendered: str) -> None:
    with pytest.raises(TemplateError, match="leaves its folder"):
        below(rendered)


@pytest.mark.parametrize("rendered", ["", ".", "./", "//"])
def test_an_output_without_a_name_is_refused(rendered: str) -> None:
    with pytest.raises(TemplateError, match="names no file"):
        below(rendered)


@pytest.mark.parametrize(
    ("path", "stem", "suffix"),
    [
        (b"a/report.pdf", "report", ".pdf"),
        (b"archive.tar.gz", "archive.tar", ".gz"),
        (b".hidden", ".hidden", ""),
        (b".hidden.txt", ".hidden", ".txt"),
        (b"...pdf", "...pdf", ""),
        (b"name.", "name.", ""),
        (b"plain", "plain", ""),
    ],
)
def test_stem_and_suffix(path: bytes, stem: str, suffix: str) -> None:
    fields = doc_fields(path, sha256="", size=0)
    assert (fields["stem"], fields["suffix"]) == (stem, suffix)


def below_is_itself(path: bytes) -> bool:
    return b"\0" not in path and not {b"", b".", b".."} & set(path.split(b"/"))


@given(st.binary(min_size=1).filter(below_is_itself))
def test_names_keep_their_bytes(path: bytes) -> None:
    assert (
        below(compile_template("{{ doc.path }}").render({"doc": doc_fields(path, sha256="", size=0)})) == path
    )


def test_rendering_looks_up_and_joins_and_does_nothing_else() -> None:
    template = compile_template("out/{{ doc.path }}.md")
    assert calls(lambda: template.render(CONTEXT)) < 15
    context = {**CONTEXT, "doc": doc_fields(b"a" * 9_000, sha256="", size=0)}
    assert calls(lambda: template.render(context)) == calls(lambda: template.render(CONTEXT))


def test_filters_cannot_grow_a_path_without_bound() -> None:
    template = compile_template("{{ doc.path | replace('x', 'yyyyyyyyyyyyyyyy') }}" * 10)
    fields = doc_fields(b"x" * 200, sha256="", size=0)

    with pytest.raises(TemplateError, match="the path becomes 32,000 characters long, where 10,000"):
        template.render({"doc": fields})


def test_variables_cannot_grow_a_template_without_bound() -> None:
    with pytest.raises(TemplateError, match="the path becomes 50,000 characters long"):
        compile_template("{{ vars.a }}" * 50).bind({"vars": {"a": "x" * 1000}})
