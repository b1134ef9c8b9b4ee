"""The state of a project in an object store: a log of records that one owner at a time writes, and what follows from it.

What concerns the store is a value or a generator of requests to it, so that the code which runs over a real one is the code
that tests take through every interleaving. `docs/decisions/0065-state-in-a-store.md` says what each rule prevents, and
`0067-copies-of-a-state-in-a-store.md` what of SQLite's files is recorded and what a copy of them is worth.
"""
