"""The state of a project in an object store: a log of records that one owner at a time writes, and what follows from it.

Everything here is a value or a generator of requests to a store, so that the code which runs over a real one is the code
that tests take through every interleaving. `docs/decisions/0065-state-in-a-store.md` says what each rule prevents.
"""
