"""The store that the state of a project lies in: how it is reached, and that its home is there."""
