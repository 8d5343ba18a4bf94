"""What the screen needs from the world: a protocol, so that the app runs on a project, a replay or a still life."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum

from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import TYPE_CHECKING, NamedTuple, Protocol
from coordinator.model.event import Event
from coordinator.model.snapshot import Agent, Question, Snapshot
from coordinator.model.step import Attempt

if TYPE_CHECKING:
    from coordinator.errors import CoordError
    from coordinator.model.change import Change, ChangePage, Check
    from coordinator.model.compounding import Compounding
    from coordinator.model.conversation import Message
    from coordinator.model.feedback import Feedback
    from coordinator.model.foreign_run import ForeignRuns
    from coordinator.model.own_command import OwnCommand, OwnWindow, Ready, Subject
    from coordinator.model.pane_screen import Screen
    from coordinator.model.plan import PastPlan, Plan
    from coordinator.model.replay import Replay
    from coordinator.model.review_comment import Comment
    from coordinator.model.run import RunReport
    from coordinator.model.setting import Setting
    from coordinator.model.trust import Ask, Shown
    from coordinator.model.witnesses import Standing
    from coordinator.services.compounding import Take
    from coordinator.views.milestone_page import MilestonePage
    from coordinator.views.pipeline_page import PipelinePage
    from coordinator.views.runs import RunPage

OnScreen = Callable[[str, "Screen"], None]
"""Called from a thread of the feed with a pane's id and what it shows."""


class Show(StrEnum):
    """Which events the panel shows, in the order in which its key goes through them."""

    ALL = "all"
    PROMPT = "prompt"
    AGENT = "agent"
    QUESTION = "question"

    @property
    def next(self) -> "Show":
        ways = list(Show)
        return ways[(ways.index(self) + 1) % len(ways)]


@dataclass(frozen=True, slots=True)
class Query:
    """A selection of the log."""

    show: Show = Show.ALL
    subject: str = ""
    """`prompt:7`, for `Show.PROMPT`."""
    actor: str = ""
    """`executor-07-1`, for `Show.AGENT`."""
    text: str = ""
    """Only events that contain it, whatever the case."""

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("question.",) if self.show is Show.QUESTION else ()


class Wish(StrEnum):
    """What the engineer asks of the loop."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


class Sizes(NamedTuple):
    """How large a person wants the panels of the main screen; 0: as large as the layout has them."""

    left: int = 0
    """Percent of the width that the left column has."""
    events: int = 0
    """Lines."""
    agents: int = 0
    """Lines."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """The user's choices: those of the configuration, and those that were made on the screen."""

    theme: str = ""
    """What the configuration names."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Id of an action → its keys, comma-separated."""
    bell: str = "none"
    """`none`, `terminal` or `desktop`."""
    commands: "tuple[OwnCommand, ...]" = ()
    """Commands of the project's own."""
    chosen_theme: str = ""
    """What was chosen on the screen: for where the configuration names none."""
    sizes: Mapping[str, Sizes] = field(default_factory=dict)
    """Layout of the main screen, `narrow` or `wide` → what was chosen in it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The project can't be read as it is: a setting, the log."""

    message: str
    remedy: str


class Film(Protocol):
    """The log as a film. `at` may take long the first time, and tells on its way how far it is."""

    def head(self) -> int: ...

    def at(self, seq: int, on_the_way: Callable[[int], None] = ...) -> "Replay": ...


class Observing(Protocol):
    """What the project is, and what it becomes."""

    def preferences(self) -> Preferences: ...

    def keep_theme(self, name: str) -> None:
        """Begin with this theme in all of the user's projects whose configuration names none."""
        ...

    def keep_sizes(self, layout: str, sizes: Sizes) -> None:
        """Begin with panels of these sizes in a layout; `Sizes()`: with its own."""
        ...

    def remember(self) -> None:
        """Have the project among those that were opened last."""
        ...

    def projects(self) -> tuple[str, ...]:
        """Roots of other projects that were opened last on this machine, newest first."""
        ...

    def first(self) -> Snapshot | None:
        """A look at the project that was taken ahead; None: `snapshots` brings the first one."""
        ...

    def snapshots(self) -> Iterator[Snapshot | Trouble]:
        """The project now, and again whenever it changed, until `close`; skips what nobody had time
        to see, and what `first` gave.

        Where it can't be read, it yields why, and goes on once that changed.
        """
        ...

    def look(self) -> Snapshot:
        """The project as it is at this moment; for planning again after a plan was stale."""
        ...


class History(Protocol):
    """What happened, and what people put on record."""

    def events(
        self, query: Query, *, before: int | None = None, after: int | None = None, limit: int
    ) -> tuple[Event, ...]:
        """A page of the log, oldest first: the last `limit` ones before `before`, or the first ones after `after`."""
        ...

    def film(self) -> "Film":
        """The project as it was right after any event; for the one thread that asks."""
        ...

    def milestone(self) -> "MilestonePage":
        """Everything about the milestone beside its prompts. Refused when its file can't be read."""
        ...

    def handover(self, milestone: str) -> str:
        """The hand-over page of a milestone, by its id; empty where there is none. Untrusted text."""
        ...

    def findings(self) -> "tuple[Feedback, ...]":
        """Every finding that can be read."""
        ...

    def criteria(self) -> "tuple[Standing, ...]":
        """What is known of each criterion: the milestone's in its order, then those of merged prompts, by prompt.

        Refused when the milestone's file can't be read.
        """
        ...

    def settings(self) -> "tuple[Setting, ...]":
        """Every setting with the value in force; CoordError while they can't be read."""
        ...

    def runs(self) -> "tuple[RunReport, ...]":
        """Every run, the newest first."""
        ...

    def run(self, name: str) -> "RunPage":
        """A run with what was worked on in it; Refused when there is none."""
        ...

    def foreign_runs(self) -> "ForeignRuns":
        """What other tools have begun in the project, the newest first."""
        ...

    def pipeline(self, number: int) -> "PipelinePage":
        """Where a prompt's pipeline stands, and what it made; Refused where none of it has begun."""
        ...

    def plan_intent(self, document: str) -> "Plan":
        """The plan that makes a version of the intent of this markdown; UsageError when nobody can go by it."""
        ...

    def link(self, ref: str) -> str:
        """Attach something to the milestone; tells in a sentence what it was taken for."""
        ...

    def decide(self, text: str) -> str:
        """Record a decision; tells in a sentence where."""
        ...

    def set_milestone(self, status: str, reason: str) -> str:
        """Call the milestone `open` or `done`, in the engineer's name."""
        ...


class Windows(Protocol):
    """The windows in which agents work."""

    def show_panes(self, panes: Sequence[str], focused: str | None, on_screen: OnScreen) -> None:
        """Stream these panes, each by its agent's `screen_id`, and no others from now on; the focused one faster."""
        ...

    def last_screen(self, attempt: Attempt) -> "Screen | None":
        """What the window of an ended attempt showed at the end; None when nothing of it is left."""
        ...

    def scrollback(self, agent: Agent) -> "Screen":
        """What scrolled out of an agent's window, as far as it is kept, then what it shows. Refused when it is gone."""
        ...

    def copy(self, text: str) -> str:
        """Put a text into the buffer of the tmux that this terminal is in, if it is in one; what a clipboard may have.

        Secrets and controls are taken out, and what is too long.
        """
        ...

    def attach(self, agent: Agent) -> Sequence[str] | None:
        """The command that shows the agent's window in this terminal; None when tmux has already switched to it."""
        ...

    def own_windows(self) -> "tuple[OwnWindow, ...]":
        """Windows in which commands of one's own run, or wait to be read, the oldest first."""
        ...

    def attach_own(self, window: "OwnWindow") -> Sequence[str] | None:
        """The same as `attach` for one of these; CoordError when it is gone."""
        ...


class Steering(Protocol):
    """What people do to the project, in the name of who is at the screen."""

    def engineer(self) -> str:
        """The name under which the log will have what is done here."""
        ...

    def ask_loop(self, wish: Wish) -> str:
        """Make the wish, and tell in a sentence what happens now."""
        ...

    def what_would_run(self, asked: "Ask") -> "tuple[Shown, ...]":
        """The files that a human is asked about before anything of the project runs, with what is new in them."""
        ...

    def give_trust(self, asked: "Ask") -> str:
        """Let the project run as it was shown; Refused when it is another one by now."""
        ...

    def answer(self, question: str, text: str) -> str:
        """Answer a question by its id; tells in a sentence what that sets going."""
        ...

    def permit(self, agent: Agent, allow: bool, reason: str) -> str:
        """Answer what an agent asks leave for; tells in a sentence what that was.

        Refused when it asks for nothing now, or for something else than the agent as it is given here.
        """
        ...

    def check_tell(self, agent: Agent) -> None:
        """Refused where `tell` would be: asked before words are typed."""
        ...

    def tell(self, agent: Agent, text: str) -> str:
        """Send an agent a message; Refused while it could end up in a dialog or in what somebody is typing."""
        ...

    def judge_finding(self, number: int, fate: str, words: str) -> str:
        """Let a finding become what is said: `waive`, `priority`, `prompt`, `backlog` or `open`; tells in a sentence.

        `words`: the reason, or which priority. Refused as `coord feedback` is.
        """
        ...

    def run_witness(self, criterion: str, command: str) -> str:
        """Have the loop run the command that a criterion is claimed with; tells in a sentence when it does.

        Refused when it is claimed with another one by now: asking is leave for the words that were seen.
        """
        ...

    def accept_criterion(self, criterion: str, reason: str) -> str:
        """Take a criterion for met, in the engineer's name; tells in a sentence."""
        ...

    def compounding(self) -> "Compounding":
        """What the milestone taught so far, with what is proposed to keep of it."""
        ...

    def plan_compounding(self, snapshot: Snapshot, take: "Take") -> "Plan":
        """The plan that writes proposals into flows, suites and learnings; Refused for those that are none any more."""
        ...

    def plan_setting(self, name: str, typed: str) -> "Plan":
        """The plan that writes a value into the settings, empty: that takes it out again; Refused, UsageError."""
        ...

    def plan_undo(self, snapshot: Snapshot, plan: str | None = None) -> "Plan":
        """The plan that takes back an applied one, by default one's newest; Refused when it can't be taken back."""
        ...

    def past_plans(self, snapshot: Snapshot) -> "tuple[PastPlan, ...]":
        """The plans that were applied and not taken back, newest first, each with why it stays if it has to."""
        ...

    def task_formats(self) -> tuple[str, ...]:
        """Names of the forms in which tasks of other tools can be imported."""
        ...

    def plan_tasks(self, snapshot: Snapshot, place: str, form: str) -> "Plan":
        """The plan that makes prompts of the tasks at a place; UsageError when there are none, or it is not clear."""
        ...

    def plan_decided(self, snapshot: Snapshot, question: Question) -> "Plan":
        """The plan of the decision that a question is about, as things are now; Refused when it can't be applied."""
        ...

    def ready_command(self, command: "OwnCommand", snapshot: Snapshot, subject: "Subject") -> "Ready":
        """A command of one's own with its values; Refused where it may not run, or one of them is missing."""
        ...

    def run_command(self, ready: "Ready") -> str:
        """Run it in a window of its own, in the words that were seen; tells in a sentence where."""
        ...

    def apply(self, plan: "Plan") -> tuple[str, ...]:
        """Apply a plan, in the engineer's name; sentences about what else there is to know.

        Refused, and StalePlan among it: nothing was written. Any other CoordError comes after the files were.
        """
        ...


class Reviewing(Protocol):
    """Changes of agents, for those who give a verdict."""

    def change(self, number: int) -> "ChangePage":
        """The change of a prompt's last attempt, with its diff; Refused when it has none."""
        ...

    def check(self, number: int) -> "Check":
        """Merge an open change aside and run its suites: what approving it would come to. Takes as long as they do."""
        ...

    def comment(self, number: int, comment: "Comment") -> None:
        """Keep a comment at a line until it is sent; one at the same place goes, and without words that is all."""
        ...

    def mark_viewed(self, number: int, path: str, digest: str) -> None:
        """Mark a file as viewed while its part of the diff is as `digest` says; an empty one takes the mark away."""
        ...

    def sent(self, number: int, comments: "Sequence[Comment]") -> None:
        """Forget comments that were sent: the log has them."""
        ...

    def work(self, attempt: Attempt) -> "Change":
        """What an attempt has made so far, without its diff; CoordError when that can't be told."""
        ...

    def file(self, commit: str, path: str) -> str:
        """A text file as a commit has it; CoordError for one that is none, or that isn't there."""
        ...


class Voice(Protocol):
    """The coordinator's voice, in a process of its own. Nothing here blocks but `close`."""

    def open(self) -> None:
        """Start it, unless it runs; it says `ready`."""
        ...

    def tell(self, message: "Message") -> None:
        """Say something to it."""
        ...

    def close(self) -> None:
        """End it, whatever it is at."""
        ...


class Chatting(Protocol):
    """The conversation with the coordinator."""

    def voice(self, heard: "Callable[[Message], None]") -> Voice:
        """The voice of the project; `heard` is called from a thread with all that it says. Ended by `close`."""
        ...

    def named_files(self, beginning: str) -> tuple[str, ...]:
        """Paths below the project that begin so, folders with a slash at their end."""
        ...


class Source(Observing, History, Windows, Steering, Reviewing, Chatting, Protocol):
    """Where everything comes from and where wishes go.

    All but `preferences`, `first`, `show_panes`, `attach`, `engineer`, `close` and those of `Chatting` may block: they
    are called in worker threads.
    Every failure that a user can meet is a `CoordError`.
    """

    def notify(self, title: str, text: str) -> bool:
        """Show a notification of the desktop; False where there is nothing to show it with."""
        ...

    def tell_addresses(self, title: str, text: str, failed: "Callable[[CoordError], None]") -> None:
        """Tell the engineer's own addresses, if there are any; waits for none. `failed` is called from a thread."""
        ...

    def edit_file(self, path: str, line: int) -> None:
        """Let $EDITOR work on a file of the project, at a line where it can; CoordError when it can't be used."""
        ...

    def close(self) -> None:
        """End every thread; `snapshots` stops."""
        ...
