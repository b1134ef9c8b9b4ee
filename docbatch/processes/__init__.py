"""Processes beside this one that read strangers' bytes: started, asked, bounded and ended in one way."""
