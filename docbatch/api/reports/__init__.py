"""Reports of runs, and of what stands now: read from the state, written into a folder."""
