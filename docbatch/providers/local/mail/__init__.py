"""Mail: its heads, its bodies, and what is attached to it."""
