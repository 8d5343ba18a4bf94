"""The disk: every path, atomic writes and locks, prompt files, runs and documents."""
