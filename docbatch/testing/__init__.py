"""A kit that judges a provider as docbatch judges its own."""
