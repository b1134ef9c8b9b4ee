"""Around any source: what is known of its documents beside their bytes, and which of them are taken."""
