"""What was meant, said and decided is in the request that a real CLI sends to its service."""

from pathlib import Path

import pytest
from support.fake_api import Step, shell
from support.project import WRITE
from support.real_agents import FINISH, FREE, permit_until, real_project

pytestmark = pytest.mark.slow

DECIDES = "coord decide 'canary-decision: a monotonic clock'\n" + WRITE
MILESTONE = (
    "---\ntitle: A milestone\nstatus: open\n---\n## Goal\n\nIt works.\n\n## Constraints\n\n- canary-constraint\n"
)
ALIGNMENT = "# Alignment\n\n## Milestone\n\n### Steering by ada · 2027-01-15T08:00:00Z\n\ncanary-alignment\n"


def test_constraints_words_and_a_decision_from_two_prompts_before_are_in_the_request_of_claude(tmp_path: Path) -> None:
    script = [shell("coord context >context.txt; " + FINISH), Step("Done.")]
    with real_project(tmp_path, {"executor-03-1": script}, {}, FREE) as (made, api):
        made.layout.milestone.write_text(MILESTONE)
        made.layout.alignment.write_text(ALIGNMENT)
        made.add(1, script=DECIDES)
        made.add(2, 1)
        made.add(3, 2, agent="claude")
        made.start_loop()
        permit_until(made, 3, lambda: made.states().get(3) == "merged", "3 to be merged")
        request = api.told["executor-03-1"]
        for canary in ("canary-constraint", "canary-alignment", "canary-decision"):
            assert request.count(canary) == 1
        shown = made.repository.git("show", "main:context.txt")
        assert shown.strip() in request
