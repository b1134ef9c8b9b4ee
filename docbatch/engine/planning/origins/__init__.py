"""Where the documents of jobs come from: sources opened, and what was learned of objects kept."""
