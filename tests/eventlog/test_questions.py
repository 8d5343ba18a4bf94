from pathlib import Path

import pytest
from support.writers import ADA, EXECUTOR, decision

from coordinator.eventlog.questions import QuestionFold, questions
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Draft, Event


def ask(log: EventLog, text: str, **data: object) -> Event:
    return log.append([Draft("question.asked", "prompt:7", {"text": text, **data})], EXECUTOR)[0]


def answer(log: EventLog, question: Event, text: str) -> None:
    log.append([Draft("question.answered", question.subject, {"question": question.id, "answer": text})], ADA)


def test_a_question_carries_what_its_asker_said(log: EventLog) -> None:
    event = ask(log, "Which Redis?", options=["6", "7"], default="7", only_dependents=True)
    (question,) = questions(log)
    assert (question.id, question.seq, question.asked) == (event.id, event.seq, event.ts)
    assert (question.text, question.asker, question.subject) == ("Which Redis?", "executor-07-1", "prompt:7")
    assert (question.options, question.default, question.only_dependents) == (("6", "7"), "7", True)
    assert question.open


def test_open_questions_come_first_and_answers_are_kept(log: EventLog) -> None:
    first, second, third = (ask(log, text) for text in ("one?", "two?", "three?"))
    answer(log, first, "yes")
    assert [(q.text, q.answer) for q in questions(log)] == [("two?", None), ("three?", None), ("one?", "yes")]
    answer(log, third, "")
    assert [q.open for q in questions(log)] == [True, False, False]
    assert second.id == questions(log)[0].id


def test_the_first_answer_counts(log: EventLog) -> None:
    event = ask(log, "one?")
    answer(log, event, "yes")
    answer(log, event, "no")
    assert questions(log)[0].answer == "yes"


@pytest.mark.parametrize(
    "data", [{}, {"text": None}, {"options": "abc"}, {"options": {"a": 1}}, {"only_dependents": "yes"}, {"default": []}]
)
def test_a_question_with_odd_data_is_a_question_all_the_same(log: EventLog, data: dict[str, object]) -> None:
    log.append([Draft("question.asked", "prompt:7", data)], EXECUTOR)
    (question,) = questions(log)
    assert question.options == ()
    assert question.only_dependents is False


def test_an_answer_to_nothing_changes_nothing(log: EventLog) -> None:
    log.append([Draft("question.answered", "milestone", {"question": "x", "answer": "y"})], ADA)
    log.append([Draft("question.answered", "milestone", {"question": ["x"]})], ADA)
    assert questions(log) == ()


def test_a_fold_that_catches_up_knows_what_a_fresh_one_knows(log: EventLog) -> None:
    fold = QuestionFold()
    events = []
    for i in range(30):
        log.append([decision(i)], ADA)
        if i % 3 == 0:
            events.append(ask(log, f"{i}?"))
        if i % 5 == 0:
            answer(log, events[i // 6], "yes")
        if i % 4 == 0:
            assert fold.catch_up(log) == questions(log)
    assert fold.catch_up(log) == questions(log)
    assert fold.seq == log.head()


def test_events_fed_twice_count_once(log: EventLog) -> None:
    ask(log, "one?")
    fold = QuestionFold()
    fold.feed(log.since(0))
    fold.feed(log.since(0))
    assert len(fold.questions()) == 1


def test_the_questions_of_a_replaced_log_are_forgotten(log: EventLog, path: Path, tmp_path: Path) -> None:
    for text in ("one?", "two?"):
        ask(log, text)
    fold = QuestionFold()
    fold.catch_up(log)
    for file in tmp_path.iterdir():
        file.unlink()
    for text in ("new?", "newer?", "newest?"):
        ask(log, text)
    assert [q.text for q in fold.catch_up(log)] == ["new?", "newer?", "newest?"]
