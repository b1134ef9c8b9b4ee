"""What a job takes of its source."""
