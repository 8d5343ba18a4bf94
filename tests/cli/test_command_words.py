"""What was done from the screen, as commands: the command line makes the same request of them."""

import io
import shlex
import subprocess
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import pages, scenes

from coordinator.cli import services
from coordinator.cli.commands import run
from coordinator.cli.declared import run_plain
from coordinator.client.command_words import Command, of_call, of_plan, of_request
from coordinator.client.noting import Noted, noting
from coordinator.client.ports import Wish
from coordinator.lazy.dataclass import replace
from coordinator.model.plan import Plan
from coordinator.model.prompt import Priority
from coordinator.model.review_comment import Comment
from coordinator.services.cancel import Cancel
from coordinator.services.compounding import Take
from coordinator.services.edit import Edit
from coordinator.services.interjection import Interjection
from coordinator.services.many import Many
from coordinator.services.quick_patch import QuickPatch
from coordinator.services.registry import SERVICES, Service
from coordinator.services.restart import KillRequest, RestartRequest
from coordinator.services.review import ReviewRequest
from coordinator.services.surgery import Surgery

ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)
TEXT = ANY | st.sampled_from(["-", "--", "--help", "-x y", "--reason=b"])
SOME = TEXT.filter(bool)
NUMBER = st.integers(1, 10**9 - 1)
NUMBERS = st.lists(NUMBER, max_size=3, unique=True).map(tuple)
LINES = st.lists(SOME, max_size=2).map(tuple)
KEY = st.from_regex(r"[a-z_]{1,9}", fullmatch=True)
THEN = st.sampled_from(["hold", "requeue", "fail"])
REQUESTS: dict[str, st.SearchStrategy[Any]] = {
    "interject": st.builds(
        Interjection,
        SOME,
        after=NUMBERS,
        before=NUMBERS,
        fixes=NUMBERS,
        body=TEXT,
        priority=st.sampled_from(Priority),
        running=st.sampled_from(["finish", "kill", None]),
        reason=TEXT,
    ),
    "patch": st.builds(
        QuickPatch,
        SOME,
        NUMBERS.filter(bool),
        went_wrong=TEXT,
        feedback=TEXT,
        issues=LINES,
        criteria=LINES,
        before=NUMBERS,
        before_dependents=st.booleans(),
    ),
    "edit": st.builds(
        Edit,
        NUMBER,
        values=st.dictionaries(KEY, TEXT.map(str.strip), min_size=1, max_size=2),
        body=st.none() | SOME,
        mark_user_patch=NUMBERS,
        feedback=TEXT,
    ),
    "cancel": st.builds(Cancel, NUMBER, reason=TEXT, kill_running=st.booleans()),
    "kill": st.builds(KillRequest, NUMBER, then=THEN, reason=TEXT),
    "restart": st.builds(RestartRequest, NUMBER, reason=TEXT, fresh=st.booleans()),
    "surgery": st.builds(
        Surgery,
        keep=NUMBERS.filter(bool),
        improve=st.dictionaries(NUMBER, st.just(""), max_size=2),
        eliminate=NUMBERS,
        rationale=TEXT,
        kill_running=st.booleans(),
    ),
    "many": st.builds(
        Many,
        st.sampled_from(["permit", "tell", "kill", "restart", "pause", "priority", "cancel"]),
        numbers=NUMBERS,
        where=TEXT,
        agents=LINES,
        text=TEXT,
        answer=st.sampled_from(["allow", "deny"]),
        then=THEN,
        fresh=st.booleans(),
        priority=st.sampled_from(Priority),
        kill_running=st.booleans(),
    ),
}


def asked_by(command: Command) -> object:
    """The request that the command line makes of the words."""
    caught: list[Any] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(services, "carry_out", lambda project, planner, **_: planner(None) or 0)
        patched.setattr(services, "project_of", lambda ctx: None)
        patched.setattr(Service, "plan", lambda self, snapshot, request: caught.append(request))
        patched.setattr("sys.stdin", io.StringIO(command.stdin))
        if run_plain(".", list(command.words)) is None:
            run(list(command.words))
    return replace(caught[0], who="", at="")


@pytest.mark.parametrize("service", REQUESTS)
def test_the_words_of_a_request_make_the_same_request(service: str) -> None:
    @settings(max_examples=50)
    @given(REQUESTS[service])
    def same(request: Any) -> None:
        assert asked_by(of_request(service, request)) == request

    same()


@given(st.lists(TEXT, min_size=1), st.none() | TEXT)
@example(["-x", "it's", "a;b", "$(touch pwned)", "`x`", "*", "two\nlines"], "%s\\n 'quoted'")
def test_a_shell_takes_the_words_as_they_are(words: list[str], stdin: str | None) -> None:
    typed = shlex.split(str(Command(tuple(words), stdin)))
    assert typed[-len(words) :] == words
    if stdin is not None:
        assert typed[:3] == ["printf", "%s", stdin]


def test_a_body_goes_in_by_standard_input_in_a_real_shell() -> None:
    command = of_request("interject", Interjection("Limits", body="## Tasks\n- it's 100 %\n"))
    typed = str(command).replace("coord interject", "cat; printf ' %s'")
    done = subprocess.run(["sh", "-c", typed], capture_output=True, text=True, check=True)
    assert done.stdout == "## Tasks\n- it's 100 %\n --title Limits --body -"


AGENT = scenes.bucket().agents[1]


@pytest.mark.parametrize(
    ("method", "given_to_it", "typed"),
    [
        ("answer", ("q-1", "-no, wait"), "coord answer -- q-1 '-no, wait'"),
        ("permit", (AGENT, True, "not said"), f"coord permit {AGENT.handle} --allow"),
        ("permit", (AGENT, False, "it's risky"), f"""coord permit {AGENT.handle} --deny --reason 'it'"'"'s risky'"""),
        ("tell", (AGENT, "go on"), f"coord tell {AGENT.handle} 'go on'"),
        ("ask_loop", (Wish.START,), "coord loop --detach"),
        ("ask_loop", (Wish.STOP,), "coord stop"),
        ("judge_finding", (3, "waive", "known"), "coord feedback waive 3 --reason known"),
        ("judge_finding", (3, "priority", " High "), "coord feedback priority 3 high"),
        ("run_witness", ("SC-1", "make test"), "coord witnesses --run SC-1"),
        ("set_milestone", ("open", ""), "coord milestone reopen"),
        ("comment", (5, Comment("src/a b.py", 12, "name it")), "coord review 5 --comment 'src/a b.py:12' 'name it'"),
    ],
)
def test_what_is_no_plan_has_words_too(method: str, given_to_it: tuple[Any, ...], typed: str) -> None:
    assert str(of_call(method, given_to_it)) == typed


def test_looking_has_no_words() -> None:
    assert of_call("look", ()) is None


@pytest.mark.parametrize(
    ("asked", "typed"),
    [
        (ReviewRequest(5, True, "abc", "abc"), "coord review 5 --approve --commit abc"),
        (ReviewRequest(5, False, "abc", "abc", "smaller"), "coord review 5 --reject smaller --commit abc"),
        (ReviewRequest(5, False, "abc", "abc"), "coord review 5 --send --commit abc"),
        (Take(("L1", "L2"), reason="r"), "coord compound --take L1 --take L2 --reason r"),
        (Edit(7, source=b"---\n"), "coord edit 7"),
        (KillRequest(0, agent="planner-2-1"), "coord kill planner-2-1"),
        (None, ""),
    ],
)
def test_a_plan_tells_by_its_request(asked: object, typed: str) -> None:
    assert str(of_plan(Plan("id", "kill", "done", asked=asked))) == typed


def test_undo_names_the_plan() -> None:
    assert str(of_plan(pages.undo())) == f"coord undo {pages.undo().undoes}"


def test_a_services_plan_knows_its_request() -> None:
    request = Interjection("Limits")
    assert SERVICES["interject"].plan(scenes.bucket(), request).asked == request


def test_what_failed_is_not_noted() -> None:
    from support.still import StillSource

    from coordinator.errors import Refused

    heard: list[Noted] = []
    still = StillSource(scenes.bucket())
    source = noting(still, heard.append)
    source.tell(AGENT, "go on")
    source.look()
    still.refusal = Refused("no", "")
    with pytest.raises(Refused):
        source.tell(AGENT, "again")
    assert [noted.command for noted in heard] == [f"coord tell {AGENT.handle} 'go on'"]
