"""Documents that failed, as outputs for a whole job have them."""
