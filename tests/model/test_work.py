"""What an attempt is for has one name everywhere: a folder, a branch, a subject on the log, a label."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.model.work import (
    WorkId,
    flow_work,
    is_flow_name,
    prompt_work,
    stage_work,
    turn_agent,
    turn_work,
    work_about,
    work_at,
    work_of_agent,
)

PROMPT, FLOW, STAGE = prompt_work(7), flow_work(2, "planner"), stage_work(7, "IMPLEMENT", "P1", "T2")

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
numbers = st.integers(1, 99_999)
works = st.one_of(
    numbers.map(prompt_work),
    st.builds(flow_work, numbers, names.filter(is_flow_name)),
    st.builds(stage_work, numbers, names),
    st.builds(stage_work, numbers, names, names),
    st.builds(stage_work, numbers, names, names, names),
)


@pytest.mark.parametrize(
    ("work", "label", "subject", "directory", "checkout", "branch", "record"),
    [
        (PROMPT, "prompt 07", "prompt:7", "prompts/07/attempt-3", "07-3", "coord/07-3", {"prompt": 7}),
        (
            prompt_work(107),
            "prompt 107",
            "prompt:107",
            "prompts/107/attempt-3",
            "107-3",
            "coord/107-3",
            {"prompt": 107},
        ),
        (
            *(FLOW, "planner of iteration 2", "flow:planner/2", "planner/attempt-3", "planner-3", ""),
            {"iteration": 2, "flow": "planner"},
        ),
        (
            *(stage_work(7, "TEST"), "TEST of prompt 07", "stage:7/TEST", "prompts/07/attempt-3/stages/TEST"),
            *("07-3", "coord/07-3", {"prompt": 7, "stage": "TEST"}),
        ),
        (
            *(STAGE, "IMPLEMENT/P1/T2 of prompt 07", "stage:7/IMPLEMENT/P1/T2"),
            *("prompts/07/attempt-3/stages/IMPLEMENT/P1/T2", "07-3", "coord/07-3"),
            {"prompt": 7, "stage": "IMPLEMENT", "phase": "P1", "task": "T2"},
        ),
    ],
)
def test_work_has_one_name_in_every_place(
    work: WorkId, label: str, subject: str, directory: str, checkout: str, branch: str, record: dict[str, object]
) -> None:
    assert (work.label, work.subject, work.record) == (label, subject, record)
    assert work.mark == {name: str(value) for name, value in record.items()}
    assert (work.directory(3), work.checkout(3), work.branch(3)) == (directory, checkout, branch)


@given(works)
def test_the_subject_of_its_events_leads_back_to_the_work(work: WorkId) -> None:
    assert work_about(work.subject) == work
    assert work.subject == f"{work.kind}:{work.key}"


@given(works, numbers)
def test_the_folder_of_an_attempt_leads_back_to_it(work: WorkId, attempt: int) -> None:
    assert work_at(work.directory(attempt), work.iteration) == (work, attempt)


@given(works, works, numbers, numbers)
def test_no_two_attempts_share_a_folder_or_a_name_on_the_log(one: WorkId, other: WorkId, k: int, n: int) -> None:
    assert (one.key == other.key) is (one.subject == other.subject) is (one == other)
    same = one.directory(k) == other.directory(n)
    assert same is (k == n and (one == other or (one.flow != "" and one.flow == other.flow)))  # a flow's is one for all


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_else_a_subject_or_a_folder_says_is_no_work(head: str, rest: str) -> None:
    for text in (head, f"{head}:{rest}", f"prompt:{rest}", f"stage:7/{rest}", f"flow:{rest}"):
        found = work_about(text)
        assert found is None or found.subject == text
    for text in (head, f"prompts/{rest}", f"prompts/07/attempt-1/{rest}", f"{head}/attempt-1", f"planner/{rest}"):
        place = work_at(text, 1)
        assert place is None or place[0].directory(place[1]) == text


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "milestone",
        "prompt:",
        "prompt:0",
        "prompt:07",
        "prompt:-1",
        "prompt:٧",
        "prompt:7/PLAN",
        "stage:7",
        *("stage:7/..", "stage:7/A//B", "stage:7/A/B/C/D", "flow:planner", "flow:planner/0", "flow:7/2", "flow:../2"),
    ],
)
def test_a_subject_that_is_nearly_one_is_none(subject: str) -> None:
    assert work_about(subject) is None


@pytest.mark.parametrize(
    "directory",
    [
        "",
        "prompts",
        "prompts/07",
        "prompts/00/attempt-1",
        "prompts/7/attempt-1",
        "prompts/07/attempt-0",
        *("prompts/07/attempt-1/stages", "prompts/07/attempt-1/out/x", "prompts/07/attempt-1/stages/A/B/C/D"),
        *("planner", "planner/attempt-x", "planner/attempt-1/x", "build/ac_status.json", "../attempt-1", "7/attempt-1"),
    ],
)
def test_a_folder_that_is_nearly_one_is_none(directory: str) -> None:
    assert work_at(directory, 1) is None


def test_names_that_would_lead_elsewhere_are_refused() -> None:
    for name in ("", "..", "a/b", ".hidden", "a b", "x" * 65, "a\n"):
        with pytest.raises(ValueError):
            stage_work(7, name)
        with pytest.raises(ValueError):
            flow_work(1, name)
    for name in ("prompts", "Prompts", "7"):
        with pytest.raises(ValueError):
            flow_work(1, name)
    for made in (lambda: prompt_work(0), lambda: flow_work(0, "planner"), lambda: stage_work(7, "A", "", "T")):
        with pytest.raises(ValueError):
            made()


def test_the_mark_of_a_prompt_is_on_the_windows_of_its_stages_and_on_no_others() -> None:
    own = PROMPT.mark.items()
    assert [
        work for work in (PROMPT, STAGE, prompt_work(70), stage_work(8, "PLAN"), FLOW) if own <= work.mark.items()
    ] == [*(PROMPT, STAGE)]


def test_in_order_a_prompt_is_followed_by_its_stages() -> None:
    plan, implement = stage_work(7, "PLAN"), stage_work(7, "IMPLEMENT")
    assert sorted([prompt_work(8), plan, FLOW, implement, PROMPT, prompt_work(10)]) == [
        *(FLOW, PROMPT, implement, plan, prompt_work(8), prompt_work(10))
    ]
    assert len({PROMPT, prompt_work(7), STAGE}) == 2


@pytest.mark.parametrize(
    ("work", "agent"),
    [
        (stage_work(7, "implementer.2"), "07-3-implementer.2"),
        (stage_work(7, "IMPLEMENT", "2.1", "T3.2"), "07-3-IMPLEMENT+2.1+T3.2"),
        (stage_work(107, "a-1-2"), "107-3-a-1-2"),
    ],
)
def test_the_agent_of_a_stage_tells_its_work_and_attempt(work: WorkId, agent: str) -> None:
    assert turn_agent(work, 3) == agent
    assert work_of_agent(agent) == (work, 3)
    assert turn_work(work.number, work.path) == work


@pytest.mark.parametrize("name", ["7-1-implementer", "07-1-", "07-0-x", "07-1-a+b+c+d", "07-1-a++b", "007-1-x"])
def test_no_other_name_is_taken_for_a_stages_agent(name: str) -> None:
    assert work_of_agent(name) is None
