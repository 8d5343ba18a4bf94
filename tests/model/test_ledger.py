"""Two versions of a ledger become one: each writer changes what it owns, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.lazy.dataclass import replace
from coordinator.model.ledger import (
    SECTIONS,
    Entry,
    Ledger,
    State,
    contradictions,
    counts,
    joined,
    merge,
    open_entries,
    state_of,
    with_part,
)

BASE = Ledger((Entry("AC-1", "it counts", "3 tests", "done", "pending"), Entry("AC-2", "it is quick", "done")))

words = st.sampled_from(["", "done", "failed", "pending", "PASSED", "n/a"])
entries = st.builds(
    Entry, st.sampled_from(["AC-1", "AC-2", "AC-3"]), st.sampled_from(["", "it counts"]), words, words, words, words
)
ledgers = st.lists(entries, unique_by=lambda one: one.id).map(lambda found: Ledger(tuple(found)))
fields = st.sets(st.sampled_from([*SECTIONS, "description"]))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("PASSED", State.PASSED),
        ("Not_Met", State.FAILED),
        ("true", State.PASSED),
        ("3", State.PASSED),
        ("0", State.OPEN),
        ("not-applicable", State.NOT_APPLICABLE),
        ("deferred", State.DEFERRED),
        ("almost", State.OPEN),
        ("", State.OPEN),
        ("9" * 5000, State.PASSED),
    ],
)
def test_a_word_of_a_section_comes_to_a_state(word: str, state: State) -> None:
    assert state_of(word) is state


def test_a_writer_changes_the_section_that_it_owns() -> None:
    said = Ledger((Entry("AC-2", impl_status="done", updated_at="2027-01-15T08:00:00Z"),))
    merged = merge(BASE, said, ["impl_status"])
    entry = merged.ledger.find("AC-2")
    assert entry == Entry("AC-2", "it is quick", "done", "done", updated_at="2027-01-15T08:00:00Z")
    assert merged.ledger.find("AC-1") == BASE.find("AC-1")
    assert merged.foreign == ()


def test_another_section_stays_as_it_was_and_is_told() -> None:
    said = Ledger((Entry("AC-1", "it flies", "3 tests", "done", "passed", "trust me"),))
    merged = merge(BASE, said, ["impl_status"])
    assert merged.ledger == BASE
    assert merged.foreign == ("AC-1.description", "AC-1.verify_status", "AC-1.evidence")


def test_who_checks_owns_the_evidence_too() -> None:
    merged = merge(BASE, Ledger((Entry("AC-1", verify_status="passed", evidence="suite unit"),)), ["verify_status"])
    assert merged.foreign == ()
    assert merged.ledger.entries[0].evidence == "suite unit"


def test_a_new_criterion_brings_its_description() -> None:
    merged = merge(BASE, Ledger((Entry("AC-3", "it ends", "done", "done"),)), ["tests_written"])
    assert merged.ledger.find("AC-3") == Entry("AC-3", "it ends", "done")
    assert merged.foreign == ("AC-3.impl_status",)


def test_the_first_version_holds_what_its_writer_owns() -> None:
    merged = merge(None, Ledger((Entry("AC-1", "it counts", verify_status="passed"),), source="{}"), ["tests_written"])
    assert merged.ledger == Ledger((Entry("AC-1", "it counts"),), source="{}")
    assert merged.foreign == ("AC-1.verify_status",)


@given(ledgers, ledgers, fields)
def test_nothing_changes_but_what_is_owned(base: Ledger, said: Ledger, owned: set[str]) -> None:
    merged = merge(base, said, owned).ledger
    for entry in base.entries:
        after = merged.find(entry.id)
        assert after is not None
        for section in SECTIONS:
            if section not in owned:
                assert getattr(after, section) == getattr(entry, section)
        assert not entry.description or "description" in owned or after.description == entry.description
    assert {e.id for e in merged.entries} == {e.id for e in (*base.entries, *said.entries)}


@given(ledgers, ledgers, fields)
def test_handing_in_twice_is_handing_in_once(base: Ledger, said: Ledger, owned: set[str]) -> None:
    once = merge(base, said, owned)
    assert merge(once.ledger, said, owned).ledger == once.ledger


@given(ledgers, fields)
def test_handing_in_what_stands_there_is_no_violation(base: Ledger, owned: set[str]) -> None:
    assert merge(base, base, owned).foreign == ()
    assert merge(base, base, owned).ledger == base


def test_open_is_whatever_nobody_found_to_be_met() -> None:
    states = ("passed", "failed", "deferred", "n/a", "")
    ledger = Ledger(tuple(Entry(f"AC-{n}", verify_status=word) for n, word in enumerate(states)))
    assert [entry.id for entry in open_entries(ledger)] == ["AC-1", "AC-2", "AC-4"]
    assert counts(ledger) == {"total": 5, "passed": 1, "failed": 1, "deferred": 1, "not_applicable": 1, "open": 1}


def test_met_without_being_built_can_not_be() -> None:
    entry = Entry("AC-1", "it counts", "done", "pending", "passed")
    assert list(contradictions(Ledger((entry,)))) == [
        "AC-1 is said to be met, and impl_status says `pending`: it was not implemented"
    ]
    assert not list(contradictions(Ledger((replace(entry, impl_status="done"),))))
    assert not list(contradictions(Ledger((replace(entry, tests_written="test_a.py", impl_status="see a.py"),))))
    assert [*contradictions(Ledger((replace(entry, tests_written="0", impl_status=""),)))] == [
        "AC-1 is said to be met, and tests_written says `0`: it was not tested"
    ]
    assert not list(contradictions(Ledger((replace(entry, verify_status="failed"),))))


def test_criteria_of_several_prompts_keep_apart() -> None:
    seven = Ledger((Entry("AC-1", "it counts"), Entry("ac-02"), Entry("REQ-1")), "acceptance_criteria", "{}")
    whole = joined({8: Ledger((Entry("AC-1"),)), 7: seven})
    assert [entry.id for entry in whole.entries] == ["AC-07-1", "AC-07-2", "07/REQ-1", "AC-08-1"]
    assert (whole.entries[0].description, whole.form, whole.source) == ("it counts", "acs", "")


def test_a_section_that_somebody_was_to_fill_in_is_not_empty() -> None:
    ledger = Ledger((Entry("AC-1", "it counts", "done", "", "passed"),))
    assert not list(contradictions(ledger))
    assert list(contradictions(ledger, SECTIONS)) == [
        "AC-1 is said to be met, and impl_status is empty: it was not implemented"
    ]


def test_what_a_prompt_says_anew_replaces_what_it_said() -> None:
    whole = joined({7: Ledger((Entry("AC-1"), Entry("REQ-1"))), 12: Ledger((Entry("AC-1"),))})
    again = with_part(whole, 7, Ledger((Entry("AC-1", "it counts"), Entry("AC-2"))))
    assert [(entry.id, entry.description) for entry in again.entries] == [
        ("AC-07-1", "it counts"),
        ("AC-07-2", ""),
        ("AC-12-1", ""),
    ]
    assert with_part(Ledger(), 1, Ledger((Entry("AC-1"),))).entries[0].id == "AC-01-1"
