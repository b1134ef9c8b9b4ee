"""What jobs ask of Extend beside the options of a whole operation: pages and other details of parsing, and parts of documents."""
