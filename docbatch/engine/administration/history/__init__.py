"""What was: runs and their results, and questions in SQL."""
