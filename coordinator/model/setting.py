"""A setting as people read it: its value in force, whose it is, and what else it may be."""

from coordinator.lazy.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of coord.yaml."""

    name: str
    value: str
    """What is in force, as it would be written."""
    default: str
    """What is in force where nobody says anything, as far as that is the same everywhere; else in words, or empty."""
    origin: str
    """`default`, `project`: coord.yaml says so, or `you`: chosen on the screen."""
    about: str
    """A sentence or two."""
    takes: str
    """What it may be, in the words with which anything else is refused."""
    line: int = 0
    """Where coord.yaml says so, 1-based; 0: nowhere."""
    path: str = ""
    """Where coord.yaml is, relative to the project's root."""
    in_place: bool = True
    """One line says all of it; False: it is a mapping, for an editor."""

    @property
    def choices(self) -> tuple[str, ...]:
        """All that it may be, where that is a few words."""
        if self.takes == "true or false":
            return ("true", "false")
        return tuple(self.takes.removeprefix("one of ").split(", ")) if self.takes.startswith("one of ") else ()
