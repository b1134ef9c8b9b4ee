"""What a provider gives is fit to be recorded and shown before anything is done with it."""

import pytest

from docbatch.core.errors import Unavailable
from docbatch.core.models import Failure, FailureClass, RemoteObject
from docbatch.engine.connections.contract import fit, kept
from docbatch.providers.base import Failed, Progress, Ready

SIGNED = "see https://bucket.example/x.pdf?X-Amz-Signature=5ec2e7\n::error::\x1b[31m\ud83d"


def test_what_a_vendor_says_of_documents_is_redacted_in_good_answers_too() -> None:
    why = Failure(FailureClass.CORRUPT, SIGNED, f"CODE {SIGNED}")
    progress = fit(Progress([Ready("a", "1"), Failed("b", why)], doubted={"c": why}, note=SIGNED))

    assert progress.ended[0] == Ready("a", "1")
    assert isinstance(progress.ended[1], Failed)
    for each in (progress.ended[1].failure, progress.doubted["c"]):
        for text in (each.message, each.code or "", progress.note):
            assert "5ec2e7" not in text
            assert text.isprintable()


def test_halves_of_characters_are_replaced_in_all_that_is_recorded() -> None:
    made = kept("name", "perform", lambda: RemoteObject("step", "id \ud83d", {"a": "\udcff"}), RemoteObject)

    assert made == RemoteObject("step", "id \ufffd", {"a": "\ufffd"})


def test_an_errors_message_is_redacted() -> None:
    def fail() -> None:
        raise Unavailable(SIGNED)

    with pytest.raises(Unavailable) as raised:
        kept("name", "poll", fail, object)

    assert "5ec2e7" not in raised.value.message
