"""What the processes of one machine know together of an account: its pace, and who uses it."""
