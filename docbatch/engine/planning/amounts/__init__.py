"""How much is to be sent, before anything is."""
