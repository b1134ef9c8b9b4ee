"""Places that outputs are to be written to, judged before anything is spent."""
