"""Tables of scores, what is missing in the worst documents, and whether the bars are reached."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from fidelity.bars import BARS, BESIDE_OTHERS, SLACK
from fidelity.score import NAMES, Missing, Score

_SHOWN = {
    "recall": "recall", "precision": "precis", "digits": "digits", "unicode": "unicod", "order": "order", "text_order": "t.order",
    "headings": "heads", "false_headings": "h.false", "cells": "cells", "rel": "rel", "outcome": "outcom",
}  # fmt: skip
OURS = "docbatch"
_MOST_SHOWN = 14


@dataclass(frozen=True, slots=True)
class Scored:
    """One document read by one tool."""

    tool: str
    corpus: str
    name: str
    group: str
    score: Score
    missing: Missing
    error: str = ""


def means(scored: Iterable[Scored]) -> dict[str, float]:
    """Return the mean of each figure over the documents that have it."""
    values: dict[str, list[float]] = defaultdict(list)
    for each in scored:
        for name in NAMES:
            value = getattr(each.score, name)
            if value is not None:
                values[name].append(value)
    return {name: fmean(found) for name, found in values.items()}


def _groups(scored: Iterable[Scored]) -> dict[tuple[str, str], dict[str, list[Scored]]]:
    groups: dict[tuple[str, str], dict[str, list[Scored]]] = defaultdict(lambda: defaultdict(list))
    for each in scored:
        groups[each.corpus, each.group][each.tool].append(each)
    return groups


def tables(scored: Sequence[Scored]) -> str:
    """Return a table for each corpus and format, a row a tool, means over documents."""
    lines: list[str] = []
    for (corpus, group), tools in _groups(scored).items():
        count = max(map(len, tools.values()))
        lines += [
            f"\n{corpus} {group}, {count} documents",
            " " * 12 + "".join(f"{_SHOWN[name]:>8}" for name in NAMES),
        ]
        for tool, documents in tools.items():
            found = means(documents)
            figures = "".join(f"{found[name]:8.3f}" if name in found else f"{'-':>8}" for name in NAMES)
            failed = sum(bool(each.error) for each in documents)
            lines.append(f"{tool:12}{figures}{f'   {failed} failed' if failed else ''}")
    return "\n".join(lines)


def reached(scored: Sequence[Scored]) -> str:
    """Return every bar with what was reached, ours alone and beside the others."""
    lines = ["\nbars"]
    groups = _groups(scored)
    for (corpus, group), bars in BARS.items():
        documents = groups.get((corpus, group), {}).get(OURS)
        if documents:
            found = means(documents)
            lines += [
                _verdict(f"{corpus} {group} {name}", found.get(name), bar) for name, bar in bars.items()
            ]
    for (corpus, group), tools in groups.items():
        if OURS in tools and len(tools) > 1:
            lines += _beside(
                f"{corpus} {group}", {tool: means(documents) for tool, documents in tools.items()}
            )
    return "\n".join(lines)


def _verdict(what: str, value: float | None, bar: float) -> str:
    if value is None:
        return f"  {'-':12}{what}"
    return f"  {'reached' if value >= bar else 'NOT reached':12}{what} {value:.4f} (bar {bar:.4f})"


def _beside(what: str, found: Mapping[str, Mapping[str, float]]) -> list[str]:
    lines = []
    for name in BESIDE_OTHERS:
        others = {tool: values[name] for tool, values in found.items() if tool != OURS and name in values}
        if others and name in found[OURS]:
            best = max(others, key=lambda tool: others[tool])
            lines.append(
                _verdict(
                    f"{what} {name}, best other {best} {others[best]:.4f}",
                    found[OURS][name],
                    others[best] - SLACK,
                )
            )
    return lines


def worst(scored: Sequence[Scored], *, most: int = 0) -> str:
    """Return our documents with something missing, the worst first, and what it is."""
    ours = [each for each in scored if each.tool == OURS and _loss(each) > 0]
    ours.sort(key=lambda each: (-_loss(each), each.name))
    lines = [f"\n{len(ours)} documents of {sum(each.tool == OURS for each in scored)} with something amiss"]
    for each in ours[: most or len(ours)]:
        figures = " ".join(
            f"{_SHOWN[name]} {value:.3f}"
            for name in NAMES
            if name != "false_headings" and (value := getattr(each.score, name)) is not None and value < 1
        )
        lines.append(f"\n{each.corpus}/{each.name}: {figures}")
        lines += [f"    {line}" for line in missing_lines(each.missing)]
    return "\n".join(lines)


def _loss(each: Scored) -> float:
    asked = [name for name in NAMES if name not in {"false_headings", "precision"}]
    values: list[float] = [value for name in asked if (value := getattr(each.score, name)) is not None]
    return sum(1 - value for value in values)


def missing_lines(missing: Missing) -> list[str]:
    rows = [
        ("missing words", missing.words),
        ("missing characters", tuple(missing.characters)),
        ("surplus words", missing.surplus),
        ("missing headings", missing.headings),
        (
            "missing neighbours",
            tuple(
                f"{left} {'→' if way == 'right' else '↓'} {right}" for left, right, way in missing.relations
            ),
        ),
        ("outcome", (missing.outcome,) if missing.outcome else ()),
    ]
    return [f"{what} ({len(found)}): {' | '.join(found[:_MOST_SHOWN])}" for what, found in rows if found]
