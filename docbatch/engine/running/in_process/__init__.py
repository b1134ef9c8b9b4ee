"""Work in this process that costs nothing: what a kill takes of it is done again, so it is recorded once it is done."""
