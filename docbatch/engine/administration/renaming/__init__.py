"""What is recorded, under other names."""
