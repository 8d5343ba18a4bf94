"""What a station hands in: checked by name, published whole, and of a ledger only the fields that are its own."""

import json
import os
from pathlib import Path

import pytest

from coordinator.apply.publishing import HandedIn, Ledgers, owed, publish
from coordinator.model.contract import Contract, contract_of
from coordinator.model.flow import Flow
from coordinator.storage.files import sha256
from coordinator.storage.turn_files import LIMIT, read_contract, write_contract


class Turn:
    def __init__(self, folder: Path, *outputs: str) -> None:
        self.directory, self.folder = folder / "turn", folder / "published"
        (self.directory / "out").mkdir(parents=True)
        self.contract = contract_of(Flow("f", "stage", "", "", outputs=outputs))

    def write(self, name: str, data: object) -> None:
        text = data if isinstance(data, str) else json.dumps(data)
        (self.directory / "out" / name).write_text(text)

    def publish(self, ledgers: Ledgers | None = None) -> HandedIn:
        return publish(self.directory, self.contract, self.folder, "author", ledgers)

    def at(self, name: str) -> str:
        return (self.folder / name).read_text()


def test_what_it_declares_is_published_and_what_it_does_not_stays_behind(tmp_path: Path) -> None:
    turn = Turn(tmp_path, "spec.md", "notes.md?")
    turn.write("spec.md", "What is required\n")
    turn.write("other.md", "mine too\n")
    found = turn.publish()
    (one,) = found.published
    assert (one.name, one.station, one.bytes, one.digest) == ("spec.md", "author", 17, sha256(b"What is required\n"))
    assert (found.missing, found.foreign) == ((), ("out/other.md",))
    assert os.listdir(turn.folder) == ["spec.md"]
    assert turn.at("spec.md") == "What is required\n"
    assert turn.publish().published[0].digest == one.digest


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("spec.md", None, "spec.md"),
        ("spec.md", "  \n", "spec.md (it is empty: write it)"),
        ("data.json", "{", "data.json (not JSON"),
        ("code_worklist.json", "{}", "code_worklist.json ("),
        ("ac_status.json#impl_status", '{"acs": 3}', "ac_status.json (it has no object"),
    ],
)
def test_what_it_owes_is_named_with_the_reason(tmp_path: Path, name: str, text: str | None, why: str) -> None:
    turn = Turn(tmp_path, name)
    if text is not None:
        turn.write(name.partition("#")[0], text)
    (said,) = owed(turn.directory, turn.contract)
    assert said.startswith(why)
    found = turn.publish()
    assert (found.missing, found.published) == ((said,), ())
    assert not turn.folder.exists()


def test_an_output_that_may_lack_may_not_be_broken(tmp_path: Path) -> None:
    turn = Turn(tmp_path, "data.json?")
    assert owed(turn.directory, turn.contract) == ()
    turn.write("data.json", "no")
    assert owed(turn.directory, turn.contract) != ()


def test_links_devices_and_what_is_too_large_are_not_read(tmp_path: Path) -> None:
    turn = Turn(tmp_path, "a.md", "b.md", "c.md", "d.md")
    (tmp_path / "secret").write_text("secret\n")
    out = turn.directory / "out"
    (out / "a.md").symlink_to(tmp_path / "secret")
    os.mkfifo(out / "b.md")
    (out / "c.md").mkdir()
    (out / "d.md").write_bytes(b"x" * (LIMIT + 1))
    found = turn.publish()
    assert found.published == ()
    assert [what.partition(" ")[0] for what in found.missing] == ["a.md", "b.md", "c.md", "d.md"]
    assert "symbolic link" in found.missing[0]
    assert "4,194,304" in found.missing[3] or "bytes" in found.missing[3]


def test_a_file_with_a_second_name_is_not_read(tmp_path: Path) -> None:
    turn = Turn(tmp_path, "a.md")
    (tmp_path / "secret").write_text("secret\n")
    os.link(tmp_path / "secret", turn.directory / "out" / "a.md")
    assert turn.publish().missing == ("a.md (a.md has a second name elsewhere)",)


def test_a_folder_that_is_a_link_leads_nowhere(tmp_path: Path) -> None:
    turn = Turn(tmp_path, "a.md")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.md").write_text("not handed in\n")
    (turn.directory / "out").rmdir()
    (turn.directory / "out").symlink_to(tmp_path / "elsewhere")
    assert turn.publish().missing[0].startswith("a.md (out/ is a link")


def test_of_a_ledger_it_publishes_the_fields_that_are_its_own(tmp_path: Path) -> None:
    turn = Turn(tmp_path, "ac_status.json#impl_status")
    turn.folder.mkdir()
    before = {"acs": {"AC-1": {"description": "It works", "tests_written": "3"}, "AC-2": {"description": "It ends"}}}
    (turn.folder / "ac_status.json").write_text(json.dumps(before))
    ledgers = Ledgers({"ac_status.json": sha256(json.dumps(before).encode())})
    turn.write(
        "ac_status.json",
        {"acs": {"AC-1": {"impl_status": "done", "tests_written": "9", "verify_status": "passed"}, "AC-2": {}}},
    )
    found = turn.publish(ledgers)
    assert found.foreign == ("ac_status.json: AC-1.tests_written", "ac_status.json: AC-1.verify_status")
    acs = json.loads(turn.at("ac_status.json"))["acs"]
    assert acs["AC-1"] == {"description": "It works", "tests_written": "3", "impl_status": "done"}
    assert acs["AC-2"]["description"] == "It ends"


LEDGER = json.dumps({"acs": {"AC-1": {"description": "It works"}, "AC-2": {"description": "It ends"}}})
KNOWN = {"ac_status.json": sha256(LEDGER.encode())}


def implements(folder: Path, there: str | None) -> Turn:
    """A turn that says what it implemented, where this lies in the place of the ledger."""
    turn = Turn(folder, "ac_status.json#impl_status")
    turn.folder.mkdir()
    if there is not None:
        (turn.folder / "ac_status.json").write_text(there)
    turn.write("ac_status.json", {"acs": {"AC-1": {"impl_status": "done"}}})
    return turn


@pytest.mark.parametrize("there", [None, "{", LEDGER.replace("AC-2", "AC-1"), LEDGER + " "])
def test_a_ledger_that_is_not_what_was_published_is_not_added_to(tmp_path: Path, there: str | None) -> None:
    turn = implements(tmp_path, there)
    found = turn.publish(Ledgers(KNOWN))
    assert found.published == ()
    assert found.missing[0].startswith("ac_status.json (what stations before handed in of it was changed past coord")
    assert (turn.at("ac_status.json") if there is not None else None) == there


def test_one_that_was_planted_before_there_was_any_counts_for_nothing(tmp_path: Path) -> None:
    turn = implements(tmp_path, LEDGER.replace("It works", "anything"))
    turn.publish(Ledgers())
    assert json.loads(turn.at("ac_status.json")) == {"acs": {"AC-1": {"impl_status": "done"}}}


def test_a_turn_that_was_killed_while_it_published_adds_to_its_own_ledger(tmp_path: Path) -> None:
    turn = implements(tmp_path, LEDGER)
    noted: dict[str, str] = {}
    once = turn.publish(Ledgers(KNOWN, note=noted.__setitem__))
    again = turn.publish(Ledgers(KNOWN, noted))
    assert again.missing == ()
    assert [one.digest for one in again.published] == [one.digest for one in once.published] == list(noted.values())


def test_a_worklist_tells_what_is_open_and_whether_another_round_helps(tmp_path: Path) -> None:
    turn = Turn(tmp_path, "code_worklist.json")
    items = [{"id": "RW-001", "summary": "x", "status": "PENDING"}, {"id": "RW-002", "status": "RESOLVED"}]
    turn.write("code_worklist.json", {"items": items, "further_round_helps": False})
    found = turn.publish()
    assert (found.pending, found.helps) == (1, False)
    assert Turn(tmp_path / "other", "a.md?").publish().pending is None


def test_a_contract_holds_as_it_was_when_the_turn_began(tmp_path: Path) -> None:
    flow = Flow("f", "stage", "", "", reads=("a.md?",), outputs=("b.json#x",), writes=("@tests",))
    write_contract(tmp_path, flow, ("tests/", "*_test.go"), "build")
    found = read_contract(tmp_path)
    assert found.pipeline == "build"
    assert found.contract == Contract(contract_of(flow).inputs, contract_of(flow).outputs, ("tests/", "*_test.go"))
