"""Results that lie in the outputs of a job, taken back into a state that does not have them."""
