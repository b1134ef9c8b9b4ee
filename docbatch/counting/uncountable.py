"""That a document gives no number: it is damaged, locked, too large, or says what cannot be."""


class Uncountable(Exception):
    """Raised while counting; the document's extent is unknown then."""
