"""What a row is: one declaration for every sink that has rows."""
