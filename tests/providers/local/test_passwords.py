"""PDF files that need a password, read by each engine in this process."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import PDF, Engine, Options, load
from docbatch.providers.local.messages import Task, read_tasks, tasks_message
from docbatch.providers.local.pdf.passwords import locked
from tests.providers.local.locked import locked_pdf

WORDS = "Only for those who know"


@pytest.fixture(scope="module", params=["liteparse", "xberg"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with closing(load(request.param)) as opened:
        yield opened


def extracted(engine: Engine, *passwords: str) -> str | FailureClass:
    found = engine.extract(locked_pdf("sesame"), PDF, Options("off", passwords=passwords))
    return found.kind if isinstance(found, Failure) else found.pages[0]["text"].strip()


def test_the_right_one_of_several_opens_it(engine: Engine) -> None:
    assert extracted(engine, "wrong", "sesame", "other") == WORDS


def test_without_the_right_one_it_is_encrypted(engine: Engine) -> None:
    assert extracted(engine) is FailureClass.ENCRYPTED
    assert extracted(engine, "wrong", "also wrong") is FailureClass.ENCRYPTED


def test_what_opened_one_document_is_not_kept_for_the_next(engine: Engine) -> None:
    assert extracted(engine, "sesame") == WORDS
    assert extracted(engine) is FailureClass.ENCRYPTED


def task(*passwords: str, media_type: str = PDF) -> Task:
    options = Options(passwords=passwords)
    return Task("a", b"a", "", 1, media_type, b"out", 1.0, 10**9, options)


def test_a_failure_says_what_to_do_and_holds_no_password() -> None:
    wanting = Failure(FailureClass.ENCRYPTED, "PDF error: password required")

    assert "set passwords: " in locked(wanting, task()).message
    assert "the password there is does not open it" in locked(wanting, task("sesame")).message
    assert "none of 2 passwords opens it" in locked(wanting, task("sesame", "other")).message
    office = locked(wanting, task("sesame", media_type="application/x-ole-encrypted")).message
    assert "passwords open PDF files only" in office
    said = Failure(FailureClass.CORRUPT, "object 'sesame street' after sesame")
    assert locked(said, task("sesame", "sesame street")).message == "object '[cut]' after [cut]"


def test_they_travel_to_the_worker_and_are_shown_nowhere() -> None:
    sent = task("sesame")

    (read,) = read_tasks(tasks_message([sent]))
    assert read.options.passwords == ("sesame",)
    assert "sesame" not in repr(sent)
