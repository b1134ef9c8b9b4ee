"""What providers charge: a profile with date and source for every line, and the lines of a project that replace them."""
