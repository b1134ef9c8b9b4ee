"""What a person must hear of a run at once, in a line for each."""

import docbatch
from docbatch import Notice

STOPPING = "stopping: nothing more is sent, and what is under way is recorded; Ctrl-C once more ends at once"


def trouble(notice: Notice) -> str | None:
    """Return the line for what a user must hear about at once; None for the rest."""
    from docbatch.core.report import visible

    if isinstance(notice, docbatch.AwaitingLock):
        from docbatch.cli.lock_timeout import waiting_text

        return waiting_text(notice.owner, notice.seconds)
    text = STOPPING if isinstance(notice, docbatch.Stopping) else _trouble(notice)
    return None if text is None else visible(text)


def _trouble(notice: Notice) -> str | None:
    text = None
    match notice:
        case docbatch.Trouble():
            subject = "" if notice.message.startswith(notice.subject) else f"{notice.subject}: "
            text = f"{subject}{notice.message}" + (f" ({notice.hint})" if notice.hint else "")
        case docbatch.Hindered():
            text = _hindered(notice)
        case docbatch.Relieved(answered=True):
            text = _relieved(notice)
        case docbatch.Looked():
            text = f"job '{notice.job}': {notice.links:,} of {notice.total:,} links looked at"
        case docbatch.ResultsLost():
            text = f"job '{notice.job}': {_lost(notice)}"
        case docbatch.ResultsMoved():
            text = _moved(notice)
        case docbatch.LimitExceeded():
            text = f"more than the limit of {notice.limit}: {notice.counted} counted"
        case docbatch.Replanned():
            text = f"{notice.document}: {notice.reason}; planned again"
        case docbatch.Answered() | docbatch.Looking() | docbatch.Remark() | docbatch.SentOutside():
            text = _of_submission(notice)
    return text


def _of_submission(
    notice: docbatch.Answered | docbatch.Looking | docbatch.Remark | docbatch.SentOutside,
) -> str | None:
    from docbatch.core.report import looking, plural, span

    text = None
    match notice:
        case docbatch.Answered(outcome="unanswered"):
            text = f"submission {notice.submission}: {notice.reason}; it is looked for before anything is sent again"
        case docbatch.Answered(outcome="held"):
            text = f"submission {notice.submission} is held: {notice.reason}; 'docbatch status' names what to decide"
        case docbatch.Looking():
            subject = notice.subject if " " in notice.subject else f"submission {notice.subject}"
            text = f"{subject}: {looking(notice.count, notice.needed, notice.until)}"
        case docbatch.Remark():
            text = f"submission {notice.submission}: {notice.text}"
        case docbatch.SentOutside():
            are = "is" if notice.documents == 1 else "are"
            text = (
                f"submission {notice.submission}: {plural(notice.documents, 'document')} of job '{notice.job}' {are} sent"
                f" outside its window ({notice.window}), after the deadline of {span(notice.deadline)}"
            )
    return text


def _lost(notice: docbatch.ResultsLost) -> str:
    from docbatch.core.report import plural

    kept = "a stored result is" if notice.documents == 1 else f"{notice.documents:,} stored results are"
    ways = {
        "to be read again, free of charge": notice.read_again,
        "asked for again, free of charge, as far as the provider has them": notice.fetched_again,
    }
    told = [f"{count:,} {way}" for way, count in ways.items() if count]
    beyond = notice.documents - notice.read_again - notice.fetched_again
    expired = [f"{plural(beyond, 'document')} can only be had again by paying"] if beyond else []
    return f"{kept} missing or damaged; {'; '.join((*told, *expired))}"


def _moved(notice: docbatch.ResultsMoved) -> str:
    from docbatch.core.report import plural

    left = f"; {notice.left:,} more are left for the next apply" if notice.left else ""
    return f"{plural(notice.results, 'stored result')} of an older version moved into packs{left}"


def _hindered(notice: docbatch.Hindered) -> str:
    from docbatch.core.hindrance import cause_text, coming_text, lasting_text, said_text

    what = cause_text(notice.call, notice.cause) + lasting_text(notice.seconds)
    said = said_text(notice.call, notice.cause, notice.message)
    return f"{notice.connection}: {what}{coming_text(notice.next_try)}{said}"


def _relieved(notice: docbatch.Relieved) -> str:
    from docbatch.core.hindrance import cause_text
    from docbatch.core.report import span

    who = f": {notice.call} goes well" if notice.call else " answers"
    what = cause_text(notice.call, notice.cause)
    return f"{notice.connection}{who} again after {span(notice.seconds)} ({what})"


def waiting_text(notice: docbatch.Waiting) -> str:
    """Return what a run waits for, and how long at the most."""
    from docbatch.core.report import visible

    whose = f" (job {', '.join(notice.jobs)})" if notice.jobs else ""
    cause = f"; {visible(notice.cause)}" if notice.cause else ""
    return f"next look in {notice.seconds:.0f} s: {notice.reason}{whose}{cause}"
