"""What the project decided about its loop: the part of the configuration that rules depend on."""

from coordinator.lazy.dataclass import dataclass

BACKOFF_LIMIT = 300.0
"""Seconds: the longest pause between two automatic attempts."""


PROMPTS = ".coord/prompts"
"""Where prompts are unless the project has a folder of another harness."""
BRANCH = "{branch}"
"""In the name of such a folder: the branch that is checked out; it is left there while none is."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be used up before a human is asked; None: no limit."""

    tokens: int | None = None
    cost_usd: float | None = None
    seconds: float | None = None

    @property
    def any(self) -> bool:
        return (self.tokens, self.cost_usd, self.seconds) != (None, None, None)


@dataclass(frozen=True, slots=True)
class Settings:
    runtime: str = "claude"
    gate: str = "review"
    """`review`, `auto` or `forge`: what a change has to pass before it lands."""
    isolation: str = "worktree"
    """`worktree`, or `shared` where agents work in the project's own folder; so it is without git."""
    max_attempts: int = 1
    """Attempts a prompt gets before its failure halts the plan; 1 means no automatic retry."""
    retry_backoff: float = 10.0
    """Seconds before the second attempt; doubles with each further one, up to `BACKOFF_LIMIT`."""
    timeout: float | None = None
    """Seconds an attempt may take; None: no limit."""
    stuck_after: float | None = 900.0
    """Seconds without progress after which a human is warned about an agent; None: never."""
    go_on: bool = True
    """Agents go on by themselves at the reset of a limit, and after what went down with them."""
    headless: bool = False
    """Agents have no screen of their own: nobody can tell them anything."""
    prompt_budget: Budget = Budget()
    """Of each prompt, over all of its attempts in a run."""
    run_budget: Budget = Budget()
    """Of all prompts of a run together."""
    require_criteria: bool = False
    """Refuse prompts without acceptance criteria."""
    max_prompts: int = 8
    """New prompts that one plan of a Planner may have."""
    warm: int = 1
    """Worktrees that are made ready ahead."""
    prompts_folder: str = PROMPTS
    """Where new prompts are written, relative to the project's root."""
    max_iterations: int = 10
    """Iterations after which a milestone that iterates is stuck."""
    planner_plans: str = "first"
    """`first`, `all` or `auto`: which of the Planner's plans a human confirms before they are applied."""
    on_failure: str = "halt"
    """`halt`: a failed prompt holds the plan until a human comes; `plan`: the Planner is told of it."""
    specialists: tuple[str, ...] | None = None
    """Flows that look beside the Verifier; None: all that there are."""
    tests: tuple[str, ...] = ()
    """Globs of the project's tests; empty: where they are in most projects."""
    space: str = ""
    """The prompts folder that is called after the base branch: a name space of numbers; empty: there is none."""


def backoff(settings: Settings, attempts: int) -> float:
    """Seconds to wait after the `attempts`-th attempt failed."""
    return min(BACKOFF_LIMIT, settings.retry_backoff * 2.0 ** min(max(attempts - 1, 0), 32))
