"""The secrets that this process read, so that none of them is logged."""

import re

from docbatch.providers.http.redaction import CUT, redact

SHORTEST = 4
"""Characters. What is shorter stands in too many words."""
LONGEST_LINE = 8000
_SECRETS: set[str] = set()
_HEADER = re.compile(
    r"((?:authorization|x-api-key|api-key|x-extend-workspace-id|cookie)[\"']?\s*[:=]\s*[\"']?)(?:bearer |basic )?[^\s\"',;]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer|basic) [A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)


def remember(secret: str) -> str:
    """Let a secret be cut out of all that this process logs, and return it."""
    if len(secret) >= SHORTEST:
        _SECRETS.add(secret)
    return secret


def without_secrets(text: str) -> str:
    """Cut remembered secrets, what is handed over as one, and presigned queries, out of lines of a log."""
    return "\n".join(map(_line, text.splitlines()))


def _line(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    shown = redact(line, tuple(_SECRETS), LONGEST_LINE)
    return indent + _BEARER.sub(rf"\1 {CUT}", _HEADER.sub(rf"\1{CUT}", shown))
