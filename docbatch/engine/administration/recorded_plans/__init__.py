"""Plans that are kept beside the specs, made again and compared."""
