"""When everything is looked at again."""

from docbatch.core.round_times import MOST_QUIETS, Stir, next_look, stirred

QUIET, LONGEST = 5.0, 600.0


def test_where_nothing_is_heard_it_is_looked_after_the_longest_time() -> None:
    assert next_look(100.0, LONGEST, None, QUIET) == 700.0


def test_what_stirred_is_looked_at_once_it_is_quiet() -> None:
    assert next_look(100.0, LONGEST, stirred(None, 110.0), QUIET) == 115.0


def test_what_goes_on_puts_it_off() -> None:
    assert next_look(100.0, LONGEST, stirred(Stir(110.0, 112.0), 114.0), QUIET) == 119.0


def test_what_never_ends_puts_it_off_for_a_while_only() -> None:
    stir = Stir(110.0, 10_000.0)

    assert next_look(100.0, LONGEST, stir, QUIET) == 110.0 + MOST_QUIETS * QUIET


def test_nothing_puts_off_the_longest_time() -> None:
    assert next_look(100.0, 12.0, Stir(110.0, 111.0), QUIET) == 112.0
