"""Reading results in other processes."""
