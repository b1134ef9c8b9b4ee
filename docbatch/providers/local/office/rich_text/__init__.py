"""Rich text (RTF), read from its control words."""
