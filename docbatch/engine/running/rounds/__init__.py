"""What a round of a run sees, and what it does beside the work of the connections."""
