"""What a parsed document says: its pages and blocks, the cells of its tables, and its text without marks."""
