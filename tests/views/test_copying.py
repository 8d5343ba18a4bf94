"""What can be copied of a thing, and how it is told what was."""

from support import pages, scenes

from coordinator.views.copying import KEYS, Copy, of_agent, of_change, of_event, of_page, of_prompt

SNAPSHOT = scenes.bucket()


def names(copies: tuple[Copy, ...]) -> dict[str, str]:
    assert all(copy.key in KEYS for copy in copies)
    assert len({copy.key for copy in copies}) == len(copies)
    return {copy.name: copy.text for copy in copies}


def test_of_a_prompt_number_title_path_and_where_its_attempt_worked() -> None:
    attempt = SNAPSHOT.steps[5].attempt
    assert attempt is not None
    found = names(of_prompt(SNAPSHOT.prompts[5], attempt))
    assert found["number"] == "05"
    assert found["path"] == SNAPSHOT.prompts[5].path
    assert found.get("branch", "") == attempt.branch


def test_what_there_is_not_is_not_offered() -> None:
    assert "branch" not in names(of_prompt(SNAPSHOT.prompts[7], None))


def test_of_an_agent_its_name_and_what_its_window_shows() -> None:
    agent = SNAPSHOT.agents[1]
    found = names(of_agent(agent, SNAPSHOT, scenes.screens()["%6"]))
    assert found["agent"] == agent.id
    assert "Would you like to run" in found["screen"]


def test_of_an_event_its_sentence_and_all_that_the_log_says() -> None:
    event = scenes.bucket_events()[3]
    found = names(of_event(event))
    assert found["id"] == event.id
    assert event.kind in found["data"]


def test_of_a_change_the_file_and_the_line_under_the_cursor() -> None:
    page = pages.change()
    found = names(of_change(page, "src/limit.py", "return 1"))
    assert (found["path"], found["line"], found["commit"]) == ("src/limit.py", "return 1", page.change.tip)
    assert found["diff"] == page.diff


def test_one_line_is_told_as_it_is_and_more_by_how_many() -> None:
    title, text = of_page("Help", "one\ntwo\n")
    assert title.said("Help") == "Copied title: Help"
    assert text.said("one\ntwo") == "Copied text: 2 lines"


def test_no_control_is_in_what_is_one_line() -> None:
    assert of_page("a\x1b]0;x\x07b\nc", "")[0].text.isprintable()
