"""Where documents come from: globs choose, the walk finds, the cache remembers, content is opened and measured."""
