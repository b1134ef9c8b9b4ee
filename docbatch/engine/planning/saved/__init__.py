"""Plan files: plans that are saved, reviewed, and applied later or refused."""
