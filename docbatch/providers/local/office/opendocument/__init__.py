"""OpenDocument texts, sheets and presentations, read from their XML."""
