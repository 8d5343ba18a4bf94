"""tmux: windows, panes and what they show."""
