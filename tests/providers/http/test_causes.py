"""Causes in few words, without what is for programmers."""

import pytest

from docbatch.core.hindrance import said_text
from docbatch.providers.http import causes


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("[Errno 111] Connection refused", "connection refused (host)"),
        ("Server disconnected without sending a response.", "server disconnected without sending a response (host)"),
        ("no connection (_ssl.c:989: The handshake operation timed out)", "no connection (The handshake operation timed out) (host)"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "[SSL: WRONG_VERSION_NUMBER] wrong version number (host)"),
    ],
)  # fmt: skip
def test_a_reason_is_told_without_numbers_of_the_system(reason: str, told: str) -> None:
    assert causes.unreached(reason, "host") == told


def test_an_answer_with_status_200_that_is_json_of_another_shape_is_not_called_something_else() -> None:
    assert causes.answered(200, {}, b'{"what": 1}') == "answered 200 with what cannot be read"


@pytest.mark.parametrize(
    "message", ["GET /x was answered with status 302 (answered 302): {}", "answered 302: GET /x was answered with status 302: {}"]
)  # fmt: skip
def test_a_message_does_not_say_its_cause_again(message: str) -> None:
    assert said_text("survey", "answered 302", message) == ": GET /x was answered with status 302: {}"
    assert said_text("survey", "answered 302", "answered 302") == ""
