"""HTTP as every vendor needs it: certain about which bytes left, with keys that reach no other host."""
