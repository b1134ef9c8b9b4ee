"""The pictures of answers: those in them, and those they link to."""
