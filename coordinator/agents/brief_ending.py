"""How an agent speaks, and how it ends: the one place that says it, for every role. Pure."""

from coordinator.agents.brief import Brief
from coordinator.model.round import PLANNER, VERIFIER

_SPEAK = """\
## How to speak, and how to end

You are `{agent}`. {place} Leave `.coord/` alone: what you have to say goes through `coord`, the command, or the tools
of the same names, if you have them.

- A decision worth knowing, and why: `coord decide "TEXT"`.
- A question that only the engineer can answer, with the options that you see and the one you would take:
  `coord ask "TEXT" --option A --option B --default A --wait`. It waits for a human and prints the answer; the default
  is your advice, and never taken without one.
- All of the above as it is by now: `coord context`.
{more}
End with exactly one of these, as the last thing you do, then exit. Without it the attempt counts as failed, whatever it
has done.

- {done}
- `coord agent blocked --reason "TEXT"` when something outside this task is in the way: what, and who could remove it.
- `coord agent fail --verdict "TEXT" --left "TEXT" --learning "TEXT"` when it can't be done this way: what does not work
  and why, what is left to do, what the next attempt should know.

All but summary, reason and verdict may come several times, a sentence each.
"""
_OWN = """\
Your working directory is a checkout of your own, on branch `{branch}`; nobody else works in it. Commit your work
there: only what is on that branch counts. Make no other checkout or branch, and leave no stash."""
_SHARED = """\
Your working directory is the project's own folder: the engineer may be at work in it too.
Touch only what the task needs, undo nothing that you did not do, and never clean up or stash."""
_TO_READ = """\
Your working directory is a checkout of the base that is thrown away after you: read it, and build and run what you
like, best in a copy. What you change in it is reported and lost; commit nothing, and leave the other branches alone."""
_DONE = """\
`coord agent done --summary "TEXT"` when the acceptance criteria are met and everything is committed; add
  `--validation "COMMAND: RESULT"`, `--decision` and `--limitation` for what the next reader has to know. The command
  is run again on the base; `"AC-2: COMMAND: RESULT"` where it shows the second acceptance criterion alone. Where
  nothing had to be changed, say so with `--no-change`, and what you looked at: a branch without commits is not done.
  `--learning "TEXT"`: what would have saved you two tool calls, had you known it."""
_LOOKED = """\
`coord agent done --no-change --summary "TEXT"` {when}; `--learning "TEXT"`: what would have saved you two tool
  calls, had you known it."""
_WHEN = {
    PLANNER: "once your plan is taken: what you decided, in a sentence",
    VERIFIER: "once your verdict is taken: what it is, in a sentence",
}
_FILED = "when you have looked at all of it: what you looked at, and what you filed"
_MORE = {
    PLANNER: "- Your plan, once: `coord agent plan --json -`. An attempt without one counts as failed.\n",
    VERIFIER: "- Your verdict, once: `coord agent verdict --json -`. An attempt without one counts as failed.\n",
}
_FINDINGS = "- Your findings, each once: `coord agent feedback --json -`.\n"


def speak(agent: str, place: str, more: str, done: str) -> str:
    """How to speak and how to end, for an agent of any role.

    `place`: about its working directory; `more`: further things to say, a list; `done`: how it says that it is done.
    """
    return _SPEAK.format(agent=agent, place=place, more=more, done=done).replace("\n Leave", "\nLeave")


def ending(brief: Brief) -> str:
    """How to speak and how to end; nothing where nobody was started."""
    if brief.attempt is None:
        return ""
    if brief.attempt.work.kind == "flow":
        flow = brief.attempt.work.flow
        done = _LOOKED.format(when=_WHEN.get(flow, _FILED))
        return speak(brief.attempt.agent, _TO_READ, _MORE.get(flow, _FINDINGS), done)
    branch = brief.attempt.branch
    return speak(brief.attempt.agent, _OWN.format(branch=branch) if branch else _SHARED, "", _DONE)
