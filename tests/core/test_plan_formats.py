"""A plan in each of its formats: what it says, what it leaves out, and that no name in it does anything."""

import html.parser
import re
from dataclasses import replace

import pytest

from docbatch.core.amounts import UNKNOWN, Bounds, exactly
from docbatch.core.changes import Reason
from docbatch.core.comment_text import COMMENT_LIMIT as LIMIT
from docbatch.core.experience import Expected
from docbatch.core.extents import ExtentTotal
from docbatch.core.outside_text import escaped, markdown
from docbatch.core.plan_formats.as_html import plan_html
from docbatch.core.plan_formats.as_json import plan_json
from docbatch.core.plan_formats.as_markdown import plan_markdown
from docbatch.core.plan_formats.as_text import plan_text
from docbatch.core.plan_formats.sentences import SIGNS, STATES, VERBS, summary, why_not
from docbatch.core.recipe_changes import Difference
from docbatch.core.report import ACTION_OF, JobCost, KeptVersions, NotDue, OpenWork, PlanLine, PlanReport
from docbatch.core.spending_guards import Objection

HOSTILE = (
    "</details>",
    "`code`",
    "a|b",
    "@team",
    "::error::boom",
    "two\nlines",
    "<script>alert(1)</script>",
    "\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe",
    "[x](http://evil.example)",
    "##[error]",
    "文書.pdf",
)
NO_STATE = STATES["none"]


def line(kind: str = "send", reason: str = "new document", documents: int = 1, **more: object) -> PlanLine:
    return replace(PlanLine("job", kind, reason, documents), **more)  # type: ignore[arg-type]


def named(*paths: str) -> tuple[tuple[str, str], ...]:
    return tuple((path, "") for path in paths)


def report(*lines: PlanLine, **more: object) -> PlanReport:
    return replace(PlanReport(("job",), 3, 1, lines), **more)  # type: ignore[arg-type]


def full() -> PlanReport:
    """Return a plan that has something of everything, with hostile names wherever a name can stand."""
    changed = Difference("config.ocr", '"auto"', "</details>|`x`")
    return report(
        line(documents=20, examples=named(*HOSTILE), size=5),
        line(reason="the job's config changed", values=(changed,)),
        line("fail", "cannot be sent", examples=(("a.pdf", "@team </details>"),)),
        line("wait", "with the provider", job="other|@team"),
        open=(OpenWork("s1", "extend", "held", "decide @team"),),
        notes=("</details> @team",),
        versions=(KeptVersions("job", {"engine": "1|@team"}), KeptVersions("other", {}, known=False)),
        not_due=(NotDue("job", 1), NotDue("idle</details>", failed=2)),
        send_documents=21,
        send_items=20,
        free=False,
        connections={"extend": "extend"},
        jobs=("job", "idle</details>"),
    )


def size(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("kind", "reason", "action"),
    [
        ("send", Reason.NEW, "submit"),
        ("send", Reason.BYTES, "submit"),
        ("send", Reason.UNSENT, "submit"),
        ("send", Reason.CONFIG, "resend"),
        ("send", Reason.PROVIDER, "resend"),
        ("send", Reason.AGAIN, "retry"),
        ("wait", Reason.LIVE, "collect"),
        ("deliver", Reason.MOVED, "deliver"),
        ("remove", Reason.GONE, "orphaned"),
    ],
)
def test_a_line_says_in_one_word_what_is_done(kind: str, reason: Reason, action: str) -> None:
    told = line(kind, str(reason))

    assert told.action == action
    assert f" {action}: 1 " in plan_text(report(told))
    assert plan_json(report(told))["lines"][0]["action"] == action


def test_every_action_has_a_sign_and_a_verb() -> None:
    assert set(SIGNS) == set(VERBS) == {*ACTION_OF.values(), "resend", "retry"}


def test_text_counts_first_and_names_documents_where_it_is_asked_to() -> None:
    plan = report(line(documents=12, examples=(("a.txt", ""), ("b.txt", "it is large"))))

    assert "  + submit: 12 to be sent: new document\n\n" in plan_text(plan)
    assert "new document\n      a.txt\n      b.txt  (it is large)\n      and 10 more\n" in plan_text(
        plan, named=True
    )
    assert "more" not in plan_text(report(line(examples=named("a.txt"))), named=True)


def test_the_rest_of_a_job_is_said_in_one_line() -> None:
    assert why_not(NotDue("job", 1200)) == "1,200 unchanged, outputs as they were"
    assert why_not(NotDue("job", held=1)) == "1 held"
    assert why_not(NotDue("job", filtered=1200)) == "1,200 left out by where"
    assert why_not(NotDue("job", sample=(200, 12_345))) == "a sample of 200 of 12,345"
    assert why_not(NotDue("job", failed=2, later=2)) == "2 failed earlier, tried again later"
    assert why_not(NotDue("job", failed=2, later=1)) == "2 failed earlier, 1 of them tried again later"
    assert why_not(NotDue("job", 5, ignored=2, failed=1, held=3, left_out=1)) == (
        "5 unchanged; 2 outputs gone, left so (on_missing: ignore); 1 failed earlier, not tried again; 3 held; 1 file left out"
    )
    assert "\njob\n  = not due: 4 unchanged" in plan_text(report(not_due=(NotDue("job", 4),)))


def test_text_says_everything_on_lines_of_its_own_and_steers_nothing() -> None:
    shown = plan_text(full(), named=True)

    for said in (
        "open submissions\n  s1  extend  held: decide",
        "  other: what apply finds",
        "note: </details>",
    ):
        assert said in shown
    assert not any(row.lstrip().startswith("::") for row in shown.splitlines())
    assert "two\\nlines" in shown


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (report(), "Nothing is due."),
        (report(line("deliver", "its output is gone")), "Nothing will be sent."),
        (
            report(line("look", "not looked at yet", 2)),
            "What will be sent is known once apply has looked at 2 links.",
        ),
        (report(line("look", "x", 1), send_items=3), "has looked at 1 link; 3 documents so far."),
        (
            report(line(), send_documents=3, send_items=2, send_bytes=1500, connections={"b": "", "a": ""}),
            "Will send 2 documents (1 duplicate sent once), 1.5 kB, to 'a', 'b': free of charge.",
        ),
        (
            full(),
            "Will send 20 documents (1 duplicate sent once), 0 B, to 'extend': charged by the provider.",
        ),
    ],
)
def test_the_summary_says_what_will_be_spent(plan: PlanReport, said: str) -> None:
    assert summary(plan).endswith(said)


@pytest.mark.parametrize(
    ("most_new", "said"),
    [
        (0, "Nothing is sent: 3 documents (1 duplicate sent once), 0 B, to 'a', wait for 'docbatch apply'."),
        (2, "free of charge. This run sends 2 of them at most; what is said of money is of all."),
        (3, "to 'a': free of charge."),
    ],
)
def test_the_summary_of_a_bounded_run_says_its_bound(most_new: int, said: str) -> None:
    plan = report(line(), send_documents=4, send_items=3, connections={"a": ""})

    assert summary(plan, most_new).endswith(said)
    assert plan_text(plan, most_new=most_new).endswith(f"{said}\n")


def test_what_will_end_at_a_provider_is_what_is_sent_and_what_is_there() -> None:
    plan = report(line("wait", "with the provider", 3), send_items=5)

    assert (plan.expected(), plan.expected(2)) == (8, 5)
    assert NotDue("job", 1, 5, 2, 3, 9).documents == 6


PAGED = ExtentTotal("job", 9, paged=3, pages=12, stated=1, books=2, sheets=4, cells=50, unknown=1)
COST = JobCost("job", exactly(5_000_000), Bounds(250_000, 500_000), ("a range </details>",))


@pytest.mark.parametrize(
    ("total", "told"),
    [
        (
            PAGED,
            "12 pages in 3 documents (1 of them as the documents say), 4 sheets with 50 cells in 2 workbooks, 1 of unknown length",
        ),
        (replace(PAGED, stated=0, books=0, unknown=0), "12 pages in 3 documents"),
        (replace(PAGED, paged=0, books=0), "1 document of unknown length"),
        (replace(PAGED, paged=0, books=0, unknown=2), "2 documents of unknown length"),
    ],
)
def test_what_is_sent_is_told_in_pages_and_sheets(total: ExtentTotal, told: str) -> None:
    plan = report(line(), pages=(total, replace(total, job="other")))

    both = plan_text(replace(plan, lines=(line("remove", "gone"), line())))

    assert f"\n      {told}\n" in plan_text(plan)
    assert f"new document\n      {told}\n  - orphaned: " in both
    assert f"\n- job: {markdown(told)}\n" in plan_markdown(plan)
    assert f"<p>{told}</p>" in plan_html(plan)
    assert plan_json(plan)["pages"][0]["paged"] == total.paged


def test_what_is_sent_is_told_in_credits_and_money_with_what_makes_a_range() -> None:
    plan = report(line(), costs=(COST, replace(COST, job="other")))

    assert "\n      0.25 to 0.50 USD (5 credits)\n        a range </details>\n" in plan_text(plan)
    assert "- job: 0.25 to 0.50 USD (5 credits); a range &lt;/details&gt;" in plan_markdown(plan)
    assert "<p>0.25 to 0.50 USD (5 credits)</p>\n<ul><li>a range &lt;/details&gt;</li></ul>" in plan_html(
        plan
    )
    assert "      0.25 to 0.50 USD\n" in plan_text(report(line(), costs=(replace(COST, credits=Bounds()),)))


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        (
            Expected(7_000_000, 350_000, 40),
            "; about 0.35 USD (7 credits) if it is as with the last 40 documents",
        ),
        (Expected(7_000_000, None, 40), "; about 7 credits if it is as with the last 40 documents"),
        (Expected(5_000_000, 250_000, 40), ""),
    ],
)
def test_what_is_expected_is_told_where_it_is_news(expected: Expected, told: str) -> None:
    plan = report(line(), costs=(replace(COST, expected=expected),))

    assert f"      0.25 to 0.50 USD (5 credits){told}\n" in plan_text(plan)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (9.9, ""),
        (10.0, " Handing them over takes 10 s at least."),
        (3725.0, " Handing them over takes 1 h 2 min at least."),
    ],
)
def test_how_long_handing_over_takes_is_told_where_it_takes_long(seconds: float, told: str) -> None:
    said = summary(
        report(line(), send_documents=1, send_items=1, least_seconds={"fast": 0.1, "slow": seconds})
    )

    assert said.endswith(f"free of charge.{told}")


@pytest.mark.parametrize(
    ("costs", "told"),
    [
        ((), "charged by the provider."),
        ((COST, COST), "charged by the provider, 0.50 to 1 USD."),
        ((replace(COST, money=UNKNOWN),), "charged by the provider; what that comes to is not known."),
        (
            (replace(COST, money=Bounds(250_000, None)),),
            "charged by the provider, at least 0.25 USD; nothing says how much at most.",
        ),
    ],
)
def test_the_summary_says_what_all_of_it_comes_to(costs: tuple[JobCost, ...], told: str) -> None:
    assert summary(report(line(), send_documents=1, send_items=1, free=False, costs=costs)).endswith(told)


def test_every_format_says_what_guards_refuse_and_what_allows_it() -> None:
    refused = Objection("max_new", "too many:\n  job </details>: 9", "--allow new")
    plan = report(line(), objections=(refused,), remedy="allow it with @team", approval="abc1")

    assert "\napply would refuse this: too many:\n  job </details>: 9\n" in plan_text(plan)
    assert "\n- apply would refuse this: too many:; job &lt;/details&gt;: 9\n- digest to approve: abc1\n" in (
        plan_markdown(plan)
    )
    assert "refuse this: too many:; job &lt;/details&gt;: 9</p>" in plan_html(plan)
    assert plan_json(plan)["objections"][0]["guard"] == "max_new"
    assert "@team" not in plan_markdown(plan)


def test_a_job_about_which_there_is_nothing_to_say_is_not_listed() -> None:
    assert "idle" not in plan_text(replace(report(), jobs=("idle",)))


@pytest.mark.parametrize(("state", "note"), [("none", NO_STATE), ("empty", STATES["empty"])])
def test_every_format_says_when_there_is_no_state_or_nothing_in_it(state: str, note: str) -> None:
    plan = report(state=state)

    assert f"\n{note}\n" in plan_text(plan)
    assert f"\n**{note}**\n" in plan_markdown(plan)
    assert note in plan_html(plan)
    assert (plan_json(plan)["state"], plan_json(plan)["state_note"]) == (state, note)


def test_a_recorded_state_needs_no_word() -> None:
    assert plan_json(report())["state_note"] is None
    assert not any("state" in told for told in (plan_text(report()), plan_markdown(report())))


def test_a_comment_begins_with_the_summary() -> None:
    plan = full()

    assert plan_markdown(plan).splitlines()[0] == f"### docbatch plan: {summary(plan)}"


def test_a_comment_names_documents_and_values_and_folds_long_lists() -> None:
    long = plan_markdown(report(line(documents=30, examples=named(*map(str, range(30))))))
    short = plan_markdown(report(line(documents=2, examples=named("a.txt", "b.txt"))))

    assert "<details><summary>+ submit: 30 documents (job, new document)</summary>\n\n- 0\n- 1\n" in long
    assert "<details>" not in short
    assert "**+ submit: 2 documents (job, new document)**\n\n- a.txt\n- b.txt\n" in short
    assert 'config.ocr: "auto" → ' in plan_markdown(full())


def test_a_comment_counts_values_it_does_not_name() -> None:
    values = tuple(Difference(f"config.{number}", "1", "2") for number in range(9))

    shown = plan_markdown(report(line(reason="the job's config changed", values=values)))

    assert "config.5: 1 → 2; 3 more values |" in shown


def test_no_name_does_anything_in_a_comment() -> None:
    shown = plan_markdown(full())

    assert shown.count("<details>") == shown.count("</details>") == 2
    assert "<script" not in shown
    assert not re.search(r"(?<!\\)`(?!s1`)(?<!`s1`)", shown)
    assert "@team" not in shown
    assert "\nlines" not in shown
    assert not any(row.lstrip().startswith("::") for row in shown.splitlines())
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in shown.splitlines() if row.startswith("|")} == {6}


def test_a_title_of_a_folded_list_shows_no_backslashes() -> None:
    plan = report(line(documents=20, examples=named(*map(str, range(20))), job="a_*b*_"))

    assert "(a_*b*_, new document)</summary>" in plan_markdown(plan)


WIDE = "@a" * 2000
MANY_JOBS = tuple(f"job{number}" for number in range(500))
LARGE = {
    "ten thousand documents": report(
        line(documents=10_000, examples=named(*(f"in/{number:05}.pdf" for number in range(10_000)))),
        line("remove", "no longer found; its outputs stay", examples=named("gone.pdf")),
    ),
    "long hostile names": report(line(documents=2000, examples=named(*[WIDE] * 2000), job=WIDE)),
    "characters that count twice": report(line(documents=9000, examples=named(*["😀" * 250] * 2000))),
    "many jobs": replace(
        report(*(line(job=job, documents=99, examples=named(*["x" * 200] * 99)) for job in MANY_JOBS)),
        jobs=MANY_JOBS,
        not_due=tuple(NotDue(job, 1) for job in MANY_JOBS),
        costs=tuple(replace(COST, job=job) for job in MANY_JOBS),
    ),
    "long notes": report(
        notes=(WIDE,) * 50,
        connections={WIDE: "extend"},
        send_items=1,
        open=(OpenWork(WIDE, WIDE, "x", WIDE),),
    ),
    "long values": report(
        *(line(values=(Difference(WIDE, WIDE, WIDE),) * 20) for _ in range(200)),
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_comment_fits_whatever_the_size_of_the_project(name: str) -> None:
    shown = plan_markdown(LARGE[name])

    assert size(shown) < LIMIT
    assert shown.count("<details>") == shown.count("</details>")


def test_what_a_comment_has_no_room_for_is_counted() -> None:
    documents = plan_markdown(LARGE["ten thousand documents"])
    several = plan_markdown(LARGE["many jobs"])

    (left,) = re.findall(r"- and ([\d,]+) more", documents)
    assert documents.count("- in/") + int(left.replace(",", "")) == 10_000
    assert "- gone.pdf" in documents
    assert size(documents) > LIMIT * 0.8
    assert re.search(r"\| and \d+ more rows \|", several)
    assert re.search(r"- and \d+ more jobs", several)
    assert re.search(r"- and what \d+ more jobs come to", several)
    assert re.search(r"\d+ more lists of documents left out", several)
    assert re.search(r"- and \d+ more remarks", plan_markdown(LARGE["long notes"]))


class Page(html.parser.HTMLParser):
    """Collects the tags of a page, which has to close what it opens, and what it says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.said = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [str(value) for name, value in attrs if name in {"src", "href"} or "on" in name[:2]]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


def test_a_page_says_everything_and_needs_nothing_from_elsewhere() -> None:
    page = Page(plan_html(full()))

    assert page.addresses == []
    assert not page.tags & {"script", "link", "img", "iframe"}
    for name in HOSTILE:
        assert escaped(name) in page.said
    for said in (
        summary(full()),
        "+ resend",
        "and 9 more",
        'config.ocr: "auto" → ',
        "decide @team",
        "engine 1|@team",
    ):
        assert said in page.said


def test_a_page_without_much_to_say_is_short() -> None:
    page = Page(plan_html(report(line("deliver", "its output is gone"))))

    assert "its output is gone; free of charge" in page.said
    assert not page.tags & {"ul", "details"}
