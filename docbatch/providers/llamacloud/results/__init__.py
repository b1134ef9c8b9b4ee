"""What comes with an answer: results beside it, and what docbatch knows of how it was made."""
