"""What the layout of a page says beyond what liteparse makes of it: tables in columns, headings, lists."""
