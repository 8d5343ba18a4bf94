"""The screen as one likes it: its theme, and how large its panels are."""

from tui.action import Action, Group
from tui.context import not_loaded

LIKING: tuple[Action, ...] = (
    Action("theme", "", "theme", "Change between the dark and the light theme, and keep it", Group.SCREEN),
    Action(
        "settings",
        "comma",
        "settings",
        "Every setting with its value, where that comes from and what else it may be; change one",
        Group.SCREEN,
        when=not_loaded,
    ),
    Action(
        "projects",
        "ctrl+o",
        "projects",
        "Go over to another project, of those that were opened last; its screen takes the place of this one",
        Group.SCREEN,
    ),
    Action("split.left", "less_than_sign", "split left", "Move the line between the columns", Group.SCREEN),
    Action("split.right", "greater_than_sign", "split right", "Move the line between the columns", Group.SCREEN),
    Action("panel.lower", "left_curly_bracket", "panel lower", "Take lines from the focused panel", Group.SCREEN),
    Action("panel.taller", "right_curly_bracket", "panel taller", "Give the focused panel more lines", Group.SCREEN),
    Action("panel.reset", "", "panel sizes", "Give all panels back the sizes of the layout", Group.SCREEN),
)
