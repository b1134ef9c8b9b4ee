"""What is asked of a real document: the words that two witnesses agree on."""

from fidelity.gather import agreed


def test_both_witnesses_have_to_see_a_word() -> None:
    truth = agreed("Harbour Street 12", "Street 12 Joinery", "pdf")

    assert truth.text.split() == ["Street", "12"]
    assert sorted(truth.allowed.split()) == ["Harbour", "Joinery"]


def test_words_broken_at_a_lines_end_are_not_asked_for() -> None:
    truth = agreed("a docu- ment here", "a docu- ment here", "pdf")

    assert truth.text.split() == ["a", "here"]
    assert "document" in truth.allowed.split()


def test_letters_are_not_asked_for_where_most_of_a_document_is_read_letter_by_letter() -> None:
    truth = agreed("N o r t h Drive 9", "N o r t h Drive 9", "pdf")
    usual = agreed("let x and y be real numbers", "let x and y be real numbers", "pdf")

    assert truth.text.split() == ["Drive", "9"]
    assert truth.allowed.split() == ["N", "o", "r", "t", "h"]
    assert usual.text.split() == ["let", "x", "and", "y", "be", "real", "numbers"]
