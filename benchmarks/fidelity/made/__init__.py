"""Documents made from nothing, each with its truth. `samples()` gives them all, the same bytes each time."""
