"""A create without an answer is sent again only where nobody else may still send it."""

import pytest

from docbatch.core.after_silence import AfterSilence, after_silence
from docbatch.core.models import Recovery, Traits

RESENDS = {"findable": True, "resend": True}


@pytest.mark.parametrize(
    ("recovery", "options", "torn", "key_holds", "leads_to"),
    [
        (Recovery.KEYED, {}, True, True, AfterSilence.REPLAY),
        (Recovery.KEYED, {}, False, False, AfterSilence.HOLD),
        (Recovery.KEYED, RESENDS, False, False, AfterSilence.LOOK),
        (Recovery.KEYED, RESENDS, True, False, AfterSilence.LOOK_AND_HOLD),
        (Recovery.FINDABLE, RESENDS, False, True, AfterSilence.LOOK),
        (Recovery.FINDABLE, RESENDS, True, True, AfterSilence.LOOK_AND_HOLD),
        (Recovery.FINDABLE, {"findable": True}, False, True, AfterSilence.LOOK_AND_HOLD),
        (Recovery.FINDABLE, {**RESENDS, "free": True}, True, True, AfterSilence.LOOK),
        (Recovery.NONE, {}, False, True, AfterSilence.HOLD),
        (Recovery.NONE, {}, True, True, AfterSilence.HOLD),
    ],
)
def test_what_becomes_of_a_create_without_an_answer(
    recovery: Recovery, options: dict[str, bool], leads_to: AfterSilence, *, torn: bool, key_holds: bool
) -> None:
    traits = Traits(recovery, 1, **options)  # type: ignore[arg-type]

    assert after_silence(traits, torn=torn, key_holds=key_holds) is leads_to
