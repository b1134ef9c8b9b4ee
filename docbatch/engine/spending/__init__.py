"""What a run may spend: the limits of its jobs, and what is counted against them."""
