"""Colours and characters: the themes, and the one place that decides whether the terminal can draw boxes.

Only the names that every Textual theme has are used for meaning, so that any theme works:

| token | means |
|---|---|
| `$foreground` | what is next, and text in general |
| `$text-muted` | done, hints, units: there when you look for it |
| `$primary` | runs now; the focused panel |
| `$success` | merged, the loop is on |
| `$secondary` | a change waits for review |
| `$warning` | needs a human |
| `$error` | failed, halted, stuck |
| `$accent` | keys, badges, what a plan changes |
"""

from collections.abc import Mapping

from textual.theme import Theme

from coordinator.lazy.dataclass import dataclass
from coordinator.model.snapshot import AgentState, LoopState

DARK, LIGHT, ANSI = "coord-dark", "coord-light", "coord-ansi"
_BARE = ("linux", "dumb", "vt100", "vt220", "ansi")
"""Values of TERM that stand for sixteen colours at most, and a font without box drawing."""


def themes() -> tuple[Theme, ...]:
    """Our three: dark, light, and one that leaves every colour to a terminal of sixteen."""
    return _dark(), _light(), _ansi()


def _dark() -> Theme:
    return Theme(
        name=DARK,
        dark=True,
        primary="#7aa2f7",
        secondary="#bb9af7",
        accent="#ff9e64",
        success="#9ece6a",
        warning="#e6b566",
        error="#f7768e",
        foreground="#c8d0f0",
        background="#14151c",
        surface="#1a1b25",
        panel="#20222e",
        variables={
            "text": "#c8d0f0",
            "text-muted": "#7f88ae",
            "text-disabled": "#596080",
            "border": "#7aa2f7",
            "border-blurred": "#313a5a",
            "block-cursor-background": "#2c3a5e",
            "block-cursor-foreground": "#e4e9ff",
            "block-cursor-blurred-background": "#232a40",
            "block-cursor-blurred-foreground": "#c8d0f0",
            "input-selection-background": "#7aa2f7 35%",
            "scrollbar": "#313a5a",
            "scrollbar-hover": "#44507a",
            "scrollbar-active": "#7aa2f7",
            "scrollbar-background": "#14151c",
            "scrollbar-background-hover": "#14151c",
            "scrollbar-background-active": "#14151c",
            "scrollbar-corner-color": "#14151c",
        },
    )


def _light() -> Theme:
    return Theme(
        name=LIGHT,
        dark=False,
        primary="#1f52c4",
        secondary="#7633b8",
        accent="#a04600",
        success="#256b3c",
        warning="#865300",
        error="#b3193c",
        foreground="#272d49",
        background="#eceef4",
        surface="#f7f8fb",
        panel="#dfe2ec",
        variables={
            "text": "#272d49",
            "text-muted": "#596080",
            "text-disabled": "#8a90a8",
            "border": "#1f52c4",
            "border-blurred": "#b6bfdb",
            "block-cursor-background": "#bdcaec",
            "block-cursor-foreground": "#161b33",
            "block-cursor-blurred-background": "#d5dcf0",
            "block-cursor-blurred-foreground": "#272d49",
            "input-selection-background": "#1f52c4 25%",
            "scrollbar": "#b6bfdb",
            "scrollbar-hover": "#97a3c8",
            "scrollbar-active": "#1f52c4",
            "scrollbar-background": "#eceef4",
            "scrollbar-background-hover": "#eceef4",
            "scrollbar-background-active": "#eceef4",
            "scrollbar-corner-color": "#eceef4",
        },
    )


def _ansi() -> Theme:
    """No colour of its own: what the user chose for the sixteen of the terminal decides, light or dark."""
    return Theme(
        name=ANSI,
        dark=True,
        ansi=True,
        primary="ansi_blue",
        secondary="ansi_magenta",
        accent="ansi_cyan",
        success="ansi_green",
        warning="ansi_yellow",
        error="ansi_red",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        variables={
            "ansi-background": "ansi_black",
            "ansi-foreground": "ansi_white",
            "scrollbar": "ansi_bright_black",
            "scrollbar-hover": "ansi_blue",
            "scrollbar-active": "ansi_bright_blue",
            "scrollbar-background": "ansi_default",
            "scrollbar-background-hover": "ansi_default",
            "scrollbar-background-active": "ansi_default",
            "input-cursor-background": "ansi_white",
            "input-cursor-foreground": "ansi_black",
            "text": "ansi_default",
            "text-muted": "ansi_bright_black",
            "text-disabled": "ansi_bright_black",
            "border": "ansi_bright_blue",
            "border-blurred": "ansi_bright_black",
            "block-cursor-background": "ansi_blue",
            "block-cursor-foreground": "ansi_bright_white",
            "block-cursor-blurred-background": "ansi_bright_black",
            "block-cursor-blurred-foreground": "ansi_bright_white",
        },
    )


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of the screen outside the graph. Each is one column wide."""

    boxes: bool
    """Box drawing works: borders and rails may use it."""
    play: str
    pause: str
    wait: str
    stop: str
    alarm: str
    done: str
    review: str
    next: str
    later: str
    cancelled: str
    spinner: tuple[str, ...]
    bar: str
    bar_rest: str
    dot: str
    crumb: str
    enter: str
    ellipsis: str
    dash: str

    def spin(self, now: float) -> str:
        """The frame of this second: movement says that the clock of the screen is alive."""
        return self.spinner[int(now) % len(self.spinner)]


UNICODE = Glyphs(
    boxes=True,
    play="▶",
    pause="‖",
    wait="?",
    stop="■",
    alarm="✗",
    done="✓",
    review="◆",
    next="○",
    later="·",
    cancelled="–",
    spinner=("⠋", "⠙", "⠸", "⠴", "⠦", "⠇"),
    bar="━",
    bar_rest="─",
    dot="·",
    crumb="›",
    enter="↵",
    ellipsis="…",
    dash="–",
)
ASCII = Glyphs(
    boxes=False,
    play=">",
    pause="=",
    wait="?",
    stop="#",
    alarm="x",
    done="v",
    review="*",
    next="o",
    later=".",
    cancelled="-",
    spinner=("|", "/", "-", "\\"),
    bar="#",
    bar_rest="-",
    dot="-",
    crumb=">",
    enter="enter",
    ellipsis="~",
    dash="-",
)


def glyphs(environ: Mapping[str, str]) -> Glyphs:
    """Choose the characters: `COORD_ASCII=1`, a locale that is not UTF-8 or a bare console get ASCII."""
    forced = environ.get("COORD_ASCII", "")
    if forced:
        return UNICODE if forced == "0" else ASCII
    if environ.get("TERM", "") in _BARE:
        return ASCII
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if not locale or locale in ("C", "POSIX"):
        # Python itself coerces C to UTF-8 (PEP 538), and minimal containers set no locale at all.
        return UNICODE
    return UNICODE if "utf" in locale.lower() else ASCII


def choose_theme(wanted: str, environ: Mapping[str, str], chosen: str = "") -> str:
    """The theme to start with: the configured one, else that of sixteen colours where the terminal has no more, else
    the one `chosen` on the screen, else what fits the terminal's ground."""
    if wanted:
        return wanted
    if environ.get("TERM", "") in _BARE and not environ.get("COLORTERM"):
        return ANSI
    if chosen:
        return chosen
    # rxvt, konsole and others tell "foreground;background": 7 and 15 are the light ones.
    return LIGHT if environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15") else DARK


LOOP_INK: Mapping[LoopState, str] = {
    LoopState.RUNNING: "good",
    LoopState.PAUSED: "need",
    LoopState.WAITING: "need",
    LoopState.HALTED: "failed",
    LoopState.STUCK: "failed",
    LoopState.IDLE: "quiet",
    LoopState.FINISHED: "good",
    LoopState.STOPPED: "quiet",
}

AGENT_INK: Mapping[AgentState, str] = {
    AgentState.STARTING: "run",
    AgentState.WORKING: "run",
    AgentState.PERMISSION: "need",
    AgentState.WAITING: "need",
    AgentState.INTERRUPTED: "need",
    AgentState.RATE_LIMITED: "need",
    AgentState.IDLE: "quiet",
    AgentState.PAUSED: "need",
    AgentState.FINISHED: "good",
    AgentState.CRASHED: "failed",
    AgentState.LOST: "failed",
    AgentState.KILLED: "quiet",
    AgentState.UNKNOWN: "quiet",
}


def loop_glyph(state: LoopState, marks: Glyphs) -> str:
    return {
        LoopState.RUNNING: marks.play,
        LoopState.PAUSED: marks.pause,
        LoopState.WAITING: marks.wait,
        LoopState.HALTED: marks.alarm,
        LoopState.STUCK: marks.alarm,
        LoopState.IDLE: marks.later,
        LoopState.FINISHED: marks.done,
        LoopState.STOPPED: marks.stop,
    }[state]


def agent_glyph(state: AgentState, marks: Glyphs, now: float) -> str:
    if state in (AgentState.STARTING, AgentState.WORKING):
        return marks.spin(now)
    if state in (AgentState.PERMISSION, AgentState.RATE_LIMITED, AgentState.INTERRUPTED):
        return "!"
    if state in (AgentState.WAITING, AgentState.UNKNOWN):
        return "?"
    if state is AgentState.PAUSED:
        return marks.pause
    if state is AgentState.FINISHED:
        return marks.done
    if state is AgentState.KILLED:
        return marks.stop
    return marks.alarm if state.ended else marks.later
