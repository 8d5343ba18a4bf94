"""Addresses of the engineer's: told what waits, without secrets; none is ever shown, and nobody waits for one."""

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.command import coord
from support.project import Project
from support.wait import wait_until

from coordinator.client.project import ProjectSource
from coordinator.client.telling import Teller, own_addresses, telling
from coordinator.desktop.addresses import Sender, read_addresses
from coordinator.errors import CoordError

CANARY = "ghp_" + "c4n4ry" * 6
TOKEN = "t0kenOfMine"


class Service:
    """Takes what `json://` addresses are told."""

    def __init__(self) -> None:
        self.heard: list[dict[str, str]] = []
        handler = type("Handler", (_Handler,), {"service": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.server.server_address[1]}/{TOKEN}"


class _Handler(BaseHTTPRequestHandler):
    service: Service

    def log_message(self, format: str, *args: object) -> None: ...

    def do_POST(self) -> None:
        self.service.heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = Service()
    monkeypatch.setenv("COORD_NOTIFY", made.address)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Somebody who listens, and never answers."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        yield server


def address_of(server: socket.socket) -> str:
    return f"json://127.0.0.1:{server.getsockname()[1]}/{TOKEN}"


def test_what_waits_arrives_without_secrets_and_controls(service: Service) -> None:
    failed: list[CoordError] = []
    teller = Teller(failed.append)
    teller.tell("coord: bucket", f"executor-04-1 asks: is {CANARY}\x1b[31m right?\n" + "so long " * 200)
    (heard,) = wait_until(lambda: service.heard, message="the word")
    assert heard["title"] == "coord: bucket"
    assert heard["message"].startswith("executor-04-1 asks: is [redacted:github_token]·[31m right? so long")
    assert len(heard["message"]) <= 600
    assert CANARY not in json.dumps(heard)
    assert not failed


def test_an_address_that_never_answers_holds_up_nobody(silent: socket.socket) -> None:
    before, sender = set(threading.enumerate()), Sender(patience=0.1)
    assert sender.send((address_of(silent),), "coord", "a question") == (1,)
    with silent.accept()[0]:
        assert sender.send((address_of(silent),), "coord", "another") == (1,)
        (left,) = set(threading.enumerate()) - before
        assert left.daemon, "the process would wait for it"


def test_an_address_that_can_not_be_told_is_told_of_once(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dead = address_of(server)
    monkeypatch.setenv("COORD_NOTIFY", f"{dead} {service.address}")
    failed: list[CoordError] = []
    teller = Teller(failed.append)
    for text in ("one", "two", "three"):
        teller.tell("coord", text)
    wait_until(lambda: len(service.heard) == 3, message="all three at the address that answers")
    assert [heard["message"] for heard in service.heard] == ["one", "two", "three"]
    assert [error.message for error in failed] == ["1 of 2 addresses could not be told what waits"]
    assert not caplog.text, "it would name addresses, on the screen too"


def test_an_address_that_nothing_can_be_sent_to_is_told_without_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("COORD_NOTIFY", f"nowhere://{TOKEN} {TOKEN}")
    failed: list[CoordError] = []
    Teller(failed.append).tell("coord", "a question")
    (error,) = wait_until(lambda: failed, message="the trouble")
    assert error.message == "2 of 2 addresses could not be told what waits"
    assert not caplog.text, "it would name addresses, on the screen too"


def test_without_the_package_it_is_said_what_is_missing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    failed: list[CoordError] = []
    Teller(failed.append).tell("coord", "a question")
    (error,) = wait_until(lambda: failed, message="the trouble")
    assert error.message == "1 address can't be told what waits: the package `apprise` is missing"
    assert error.remedy == "pip install 'coord[notify]'"
    assert not service.heard


def test_after_its_end_it_tells_of_no_trouble(silent: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COORD_NOTIFY", address_of(silent))
    failed: list[CoordError] = []
    teller = Teller(failed.append, patience=0.1)
    teller.tell("coord", "a question")
    assert teller._thread is not None
    teller.close()
    teller._thread.join(20)
    assert not teller._thread.is_alive()
    assert not failed


def test_the_screens_source_tells_them_until_it_is_closed(make: Callable[..., Project], service: Service) -> None:
    source, failed = ProjectSource(make({1: []}).layout), list[CoordError]()
    source.tell_addresses("coord", "a question", failed.append)
    wait_until(lambda: service.heard, message="the word")
    source.close()
    assert source._teller is not None
    assert source._teller._closed
    assert not failed


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ping @everyone, <@U1> and <!channel>", "ping @\u2060everyone, <\u2060@\u2060U1> and <\u2060!channel>"),
        ("write to a@b.org in @src/app.py, if a<b", "write to a@b.org in @\u2060src/app.py, if a<b"),
    ],
)
def test_words_call_nobody_in_a_room_of_chat(text: str, told: str) -> None:
    assert telling(text, 600) == told


def test_addresses_are_the_variables_or_those_of_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "notify"
    assert read_addresses({}, file).values == ()
    file.write_text("# of mine\nntfy://a b://c\n\n  # old://x\nntfy://a\n")
    file.chmod(0o640)
    with pytest.raises(CoordError) as refused:
        read_addresses({}, file)
    assert refused.value.remedy == f"chmod 600 {file}"
    file.chmod(0o600)
    assert read_addresses({}, file).values == ("ntfy://a", "b://c")
    assert read_addresses({"COORD_NOTIFY": "d://e\n f://g"}, file).values == ("d://e", "f://g")
    assert read_addresses({"COORD_NOTIFY": ""}, file).values == ()
    with pytest.raises(CoordError, match="names 21 addresses"):
        read_addresses({"COORD_NOTIFY": " ".join(f"a://{i}" for i in range(21))}, file)


def test_what_stands_in_place_of_the_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "notify").mkdir()
    with pytest.raises(CoordError, match="nobody is told"):
        read_addresses({}, tmp_path / "notify")


def test_a_project_names_no_address(make: Callable[..., Project], monkeypatch: pytest.MonkeyPatch) -> None:
    made = make({1: []})
    with (made.layout.root / ".coord/coord.yaml").open("a") as file:
        file.write("notify: [json://127.0.0.1/]\n")
    (made.layout.root / "notify").write_text("json://127.0.0.1/")
    monkeypatch.chdir(made.layout.root)
    assert own_addresses().values == ()
    said = coord("doctor", "--notify", "--json", at=made.layout.root)
    assert "no address is told what waits" in [problem["message"] for problem in said.json["problems"]]


def test_doctor_says_how_many_there_are_and_tries_them(
    make: Callable[..., Project], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make({1: []})
    monkeypatch.delenv("COORD_NOTIFY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(made.layout.root / "config"))
    file = made.layout.root / "config" / "coord" / "notify"
    file.parent.mkdir(parents=True)
    file.write_text(service.address)
    file.chmod(0o600)
    looked = coord("doctor", at=made.layout.root)
    assert looked.code == 0
    assert f"1 address of {file} is told what waits" in looked.out
    assert not service.heard
    file.write_text(f"{service.address} nowhere://{TOKEN}")
    tried = coord("doctor", "--notify", at=made.layout.root)
    assert tried.code == 1
    assert "address 1 of 2 was told" in tried.out
    assert "address 2 of 2 could not be told" in tried.out
    assert [heard["message"] for heard in service.heard] == ["This address is told what waits for you."]
    assert TOKEN not in looked.out + looked.err + tried.out + tried.err


def test_doctor_is_not_green_where_nobody_can_be_told(
    make: Callable[..., Project], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make({1: []})
    monkeypatch.setitem(sys.modules, "apprise", None)
    looked = coord("doctor", at=made.layout.root)
    assert looked.code == 1
    assert "pip install 'coord[notify]'" in looked.out
    assert TOKEN not in looked.out
