"""What goes wrong with tmux."""

from coordinator.errors import CoordError


class TerminalError(CoordError):
    """tmux refused, or is not there."""
