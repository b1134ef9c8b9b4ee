"""The layout of spec files: how they are written, never what they say."""
