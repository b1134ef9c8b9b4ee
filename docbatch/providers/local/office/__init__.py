"""Office files, books and mail: what xberg makes of them, and the steps that complete it."""
