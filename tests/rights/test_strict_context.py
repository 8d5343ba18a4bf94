"""In strict mode an agent reads what it was told a part of, and asks for it over the loop's socket."""

from support.project import WRITE
from support.strict import needs_strict, strict_project

from coordinator.model.work import prompt_work

pytestmark = needs_strict
MILESTONE = "---\ntitle: A milestone\nstatus: open\n---\n## Constraints\n\n- canary-constraint\n"
ASKS = """\
coord context >context.txt
own="$COORD_ROOT/.coord/runs/$COORD_RUN/prompts/01/attempt-1/context"
cat "$own/milestone.md" >milestone.txt
touch "$own/mine" "$own/milestone.md" 2>/dev/null && echo written >written.txt
"""


def test_an_agent_reads_its_context_by_both_ways_and_writes_nothing_there() -> None:
    with strict_project({1: []}) as made:
        made.layout.milestone.write_text(MILESTONE)
        (made.layout.scripts / "01.sh").write_text(ASKS + WRITE)
        assert made.run_loop() == 0, made.said()
        show = made.repository.git
        told = (made.layout.attempt("run-1", prompt_work(1), 1) / "prompt.txt").read_text()
        assert show("show", "main:context.txt") == told.strip()
        assert show("show", "main:milestone.txt") == MILESTONE.strip()
        assert "written.txt" not in show("ls-tree", "--name-only", "main")
