"""Making the declared jobs so: planning says what is due, running does it, administration answers a person."""
