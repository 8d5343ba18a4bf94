"""Pure values and rules: no files, no tmux, no git, no SQLite, no Textual."""
