"""A milestone that iterates, with scripted roles that look at what there is before they speak.

Undisturbed: iteration 1 makes hello.txt, whose want of politeness is a High finding; iteration 2 makes bye.txt and
deals with the finding; the Planner of iteration 3 may say DONE.
"""

from collections.abc import Callable

from support.project import Project

from coordinator.model.event import Event

Make = Callable[..., Project]

PLANNER = """\
set -u
say() { printf '%s' "$1" | coord agent plan --json - && coord agent done --no-change --summary 'decided' && exit 0; }
say '{"decision": "DONE", "reason": "everything is shown"}'
if ! git cat-file -e HEAD:hello.txt 2>/dev/null; then
  say '{"decision": "CONTINUE", "reason": "nothing is there", "intent": "greet",
        "prompts": [{"key": "a", "title": "Say hello", "body": "## Tasks\\n\\n- hello\\n"}]}'
fi
say '{"decision": "CONTINUE", "reason": "the rest", "intent": "finish",
      "prompts": [{"key": "b", "title": "Say bye", "body": "## Tasks\\n\\n- bye\\n", "dependencies": ["c"]},
                  {"key": "c", "title": "Be polite", "body": "## Tasks\\n\\n- please\\n", "resolves": [1]}]}'
coord agent fail --verdict 'no plan was taken'
"""
VERIFIER = """\
set -eu
says() { if grep -q "$2" "$1" 2>/dev/null; then echo met; else echo not_met; fi; }
first=$(says hello.txt hello) second=$(says bye.txt bye)
met=partly
[ "$first$second" = metmet ] && met=yes
printf '{"met": "%s", "rationale": "I looked", "gaps": [], "criteria": [
  {"id": "SC-1", "status": "%s", "command": "grep -q hello hello.txt"},
  {"id": "SC-2", "status": "%s", "command": "grep -q bye bye.txt"}]}' "$met" "$first" "$second" |
  coord agent verdict --json -
coord agent done --no-change --summary 'looked at both'
"""
SECURITY = """\
set -eu
grep -q please hello.txt || printf '{"priority": "high", "category": "security", "title": "It is not polite at all",
  "location": "hello.txt:1", "issue": "no please", "impact": "anger", "suggestion": "say please"}' |
  coord agent feedback --json -
coord agent done --no-change --summary 'looked at it'
"""
WORK = """\
set -eu
{commands}
git add -A && git commit -qm 'Do what was planned'
coord agent done --summary 'did it'
"""
BY_TITLE = """\
case $(sed -n 's/^# Prompt [0-9]*: //p' | head -n 1) in
  *'Say hello'*) echo hello >hello.txt ;;
  *'Say bye'*) echo bye >bye.txt; grep -q please hello.txt ;;
  *'Be polite'*) echo please >>hello.txt ;;
esac"""
"""By the title of its prompt: a number that was claimed by what was killed then is never used again."""
COURSE = [
    *("1 planning", "1 executing", "1 feedback", "1 over"),
    *("2 planning", "2 executing", "2 feedback", "2 over"),
    *("3 planning", "3 DONE"),
]
"""How its iterations go."""
CRITERIA = ("hello.txt says hello", "bye.txt says bye")


def iterating(make: Make, *, planner: str = PLANNER, **settings: object) -> Project:
    fast = {"retry_backoff": 0, "planner_plans": "auto", "specialists": "[security]", "max_parallel": 2}
    made = make({}, **{**fast, **settings})
    listed = "".join(f"- {one}\n" for one in CRITERIA)
    made.layout.milestone.write_text(
        f"---\ntitle: Words\nstatus: open\niterate: true\n---\n## Goal\n\nWords.\n\n## Success Criteria\n\n{listed}"
    )
    scripts = {
        "planner": planner,
        "verifier": VERIFIER,
        "security": SECURITY,
        "default": WORK.replace("{commands}", BY_TITLE),
    }
    for name, script in scripts.items():
        (made.layout.scripts / f"{name}.sh").write_text(script)
    for name in ("hello", "bye"):
        (made.layout.suites / f"{name}.md").write_text(f"---\ncommand: grep -q {name} {name}.txt\n---\n")
    return made


def course(made: Project) -> list[str]:
    """How its iterations went: `1 executing`, `2 planning`, `3 DONE`."""

    def words(event: Event) -> str:
        return f"{event.iteration} {event.data.get('decision') or event.data.get('phase') or 'over'}"

    return [
        words(event) for event in made.events() if event.kind.startswith("iteration.") and "refused" not in event.kind
    ]
