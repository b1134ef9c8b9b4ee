"""Connections to providers: opened, held to their contract, and asked in threads of their own, in conversations."""
