"""PDF: what liteparse makes of it, and the steps that complete it."""
