"""What a job may set for the service, and what in it moves by itself."""
