"""How jobs stand, as files for forges, people and programs. Pure: values in, text out; all formats are made of one value."""
