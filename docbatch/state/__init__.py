"""What is recorded: a SQLite file with jobs, documents, items, submissions and deliveries, its migrations and its lock."""
