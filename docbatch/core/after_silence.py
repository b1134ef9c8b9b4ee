"""What becomes of a create that was recorded and has no answer."""

import enum

from docbatch.core.models import Recovery, Traits


class AfterSilence(enum.StrEnum):
    REPLAY = "replay"
    """The same key is sent again, behind a record of its own."""
    LOOK = "look"
    """It is looked for, and sent again once it is certainly absent."""
    LOOK_AND_HOLD = "look_and_hold"
    """It is looked for, and held as long as it is not found."""
    HOLD = "hold"
    """It can be neither sent again nor looked for."""


def after_silence(traits: Traits, *, torn: bool, key_holds: bool) -> AfterSilence:
    """Say how a create without an answer is settled.

    `torn` says that the log in which it was recorded, or in which it was tried again, was ended by another than its owner.
    That stays so: the owner may wake up after any number of others, which does no harm where work is free. `key_holds` says that
    the vendor still knows its key.
    """
    if traits.recovery is Recovery.KEYED and key_holds:
        return AfterSilence.REPLAY
    if not traits.findable:
        return AfterSilence.HOLD
    is_wanted_once = torn and not traits.free
    return AfterSilence.LOOK_AND_HOLD if is_wanted_once or not traits.resend else AfterSilence.LOOK
