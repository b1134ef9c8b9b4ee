"""Looking at outputs apart from runs: what differs from what was written, and what may go."""
