"""What a run comes to while it goes on."""
