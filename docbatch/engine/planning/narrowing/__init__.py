"""Plans that are narrowed to what a person selected of documents."""
