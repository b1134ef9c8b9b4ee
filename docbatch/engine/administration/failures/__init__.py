"""Documents that are not well as a list to work on: selected, shown, queued again, accepted."""
