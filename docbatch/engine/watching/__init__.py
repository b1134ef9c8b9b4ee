"""Watching the places that jobs read: what is heard of them, and when it is time for another round."""
