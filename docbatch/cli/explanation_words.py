"""What explain says of a document."""

import json
from collections.abc import Iterator

from docbatch import Explanation
from docbatch.core.explanation import ExplainedAttempt, ExplainedKey
from docbatch.core.report import human, named_versions, plural, span, visible

SHORT = 12
"""Digits that are shown of a digest where it stands beside others; JSON has all of it."""


def explanation_text(explanation: Explanation) -> str:
    """Return what `docbatch explain` shows for a document in one job."""
    lines = [f"{explanation.path} in job '{explanation.job}' {explanation.verdict}"]
    if explanation.reason:
        lines.append(f"  why: {explanation.reason}")
    if explanation.gone_at is not None:
        lines.append(f"  gone since {explanation.gone_at}")
    lines.extend(f"  the same bytes are now {each.path} of job '{each.job}'" for each in explanation.now_at)
    lines.extend(f"  {each.what}: {each.old} -> {each.new}" for each in explanation.differences)
    lines.extend(f"  {fact}" for fact in explanation.facts)
    lines.extend(_read(explanation))
    if explanation.key is not None:
        lines.extend(_key(explanation.key))
    lines.extend(_changes(explanation))
    for number, attempt in enumerate(explanation.attempts, 1):
        lines.extend(_attempt(number, attempt))
    return "\n".join(map(visible, lines)) + "\n"


def _read(explanation: Explanation) -> Iterator[str]:
    told = [
        *([plural(explanation.pages, "page")] if explanation.pages is not None else []),
        *([f"read in {explanation.seconds:,.3g} s"] if explanation.seconds is not None else []),
    ]
    if told:
        yield f"  {', '.join(told)}"


def _key(key: ExplainedKey) -> Iterator[str]:
    yield "  its key is made of"
    yield f"    provider: {key.provider}"
    if key.account != key.provider:
        yield f"    account: {key.account}"
    yield f"    operation: {key.operation}"
    yield f"    config: {json.dumps(key.config, sort_keys=True) if key.config else 'nothing set'}"
    if key.versions:
        yield f"    versions: {named_versions(key.versions)}"
    yield f"    media type: {key.media_type}"
    yield f"    sha256: {key.sha256} ({human(key.bytes)})"


def _changes(explanation: Explanation) -> Iterator[str]:
    if explanation.changes:
        yield "  what changed"
    for each in explanation.changes:
        old, new = (_short(each.what, text) for text in (each.old, each.new))
        yield f"    {each.at} {each.what}: {old} -> {new}"


def _short(what: str, text: str) -> str:
    is_digest = what == "sha256" and len(text) > SHORT and " " not in text
    return f"{text[:SHORT]}…" if is_digest else text


def _attempt(number: int, attempt: ExplainedAttempt) -> Iterator[str]:
    yield f"  attempt {number}: sent {attempt.sent_at} on {attempt.connection}, submission {attempt.submission}: {attempt.status}"
    ids = [
        f"{what} {name}"
        for what, name in (("batch", attempt.batch_id), ("remote id", attempt.remote_id))
        if name
    ]
    took = [] if attempt.seconds is None else [f"took {span(attempt.seconds)}"]
    if ids or took:
        yield f"    {', '.join((*ids, *took))}"
    yield f"    {', '.join(f'{each.event} {each.at}' for each in attempt.events)}"
    if attempt.failure is not None:
        code = f" ({attempt.code})" if attempt.code else ""
        yield f"    {attempt.failure}: {attempt.message}{code}"
    if attempt.charged_to is not None or attempt.credits is not None:
        yield f"    {_cost(attempt)}"


def _cost(attempt: ExplainedAttempt) -> str:
    most = "" if attempt.is_told else "at most "
    told = [
        *([plural(attempt.pages, "page")] if attempt.pages is not None else []),
        *([f"{most}{attempt.credits:,g} credits"] if attempt.credits is not None else []),
        *([f"{most}{attempt.usd:,.6g} USD"] if attempt.usd is not None else []),
    ]
    whose = "" if attempt.charged_to is None else f", charged to job '{attempt.charged_to}'"
    return f"cost: {', '.join(told) or 'not known'}{whose}"
