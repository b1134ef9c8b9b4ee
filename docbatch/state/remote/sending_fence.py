"""How long who takes over waits for what an owner before recorded: until it has left, or may not leave any more."""

from docbatch.sending_fence import LEAVES_WITHIN

STILL_FOR = LEAVES_WITHIN + 5.0
"""Seconds that who takes over waits once the logs have ended: clocks may differ in speed, and a send takes its moment."""
KEYS_HOLD = 23 * 3600.0
