"""What the processes of one machine know together of an account, and runs on several through a store: its pace, and who uses it."""
