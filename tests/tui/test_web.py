"""The screen in a browser: only from this machine, only with the word of its address, and gone with its server."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from support.browser import browser, opened
from support.project import COORD, Project, project
from support.wait import wait_until

from tui.web import ScreenServer


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path, {1: [], 2: [1]}) as made:
        yield made


@pytest.fixture
def served(made: Project) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The address of a server, and its process."""
    words = [*COORD, "-C", str(made.layout.root), "serve", "--port", "0", "--json"]
    with subprocess.Popen(words, env=made.environment(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"], process
        process.kill()


def screens(made: Project) -> list[int]:
    """The screens that are drawn for browsers."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and b":WebDriver" in (folder / "environ").read_bytes():
                found += [int(folder.name)] * (os.fsencode(made.layout.root) in (folder / "cmdline").read_bytes())
        except OSError:
            continue
    return found


async def shows(socket: aiohttp.ClientWebSocketResponse, *texts: str) -> None:
    """Read on until all of this was drawn."""
    got = b""
    async with asyncio.timeout(60):
        while not all(text.encode() in got for text in texts):
            got += (await socket.receive_bytes()) if not socket.closed else b""


@asynccontextmanager
async def page_of(address: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{address}ws?width=120&height=40") as socket:
        yield socket


def test_a_page_draws_the_graph_takes_keys_and_both_end_with_the_server(
    made: Project, served: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    address, process = served

    async def look() -> None:
        async with page_of(address) as socket:
            await shows(socket, "Prompt 1", "Prompt 2", "after 01")
            await socket.send_json(["resize", {"width": "wide"}])
            await socket.send_str("[]")
            await socket.send_json(["stdin", "?"])
            await shows(socket, "Steering the work")
            assert len(screens(made)) == 1
            process.send_signal(signal.SIGINT)
            assert await asyncio.to_thread(process.wait, 20) == 0

    asyncio.run(look())
    assert screens(made) == []


@pytest.mark.slow
def test_a_screen_ends_with_its_page_and_with_a_server_that_is_killed(
    made: Project, served: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    address, process = served

    async def look() -> None:
        async with page_of(address) as first:
            await shows(first, "Prompt 1")
        await asyncio.to_thread(wait_until, lambda: not screens(made), timeout=20, message="its screen to end")
        async with page_of(address) as second:
            await shows(second, "Prompt 1")
            process.kill()

    asyncio.run(look())
    wait_until(lambda: not screens(made), message="the other screen to end")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/{word}/", {}, 200),
        ("/{word}/", {"Host": "localhost:9000"}, 200),
        ("/{word}/static/js/textual.js", {}, 200),
        ("/{word}/static/../web.py", {}, 404),
        ("/", {}, 404),
        ("/guessed/", {}, 404),
        ("/guessed/ws", {}, 404),
        ("/{word}/", {"Host": "rebound.example:8000"}, 403),
        ("/{word}/", {"Host": ""}, 403),
        ("/{word}/ws", {"Origin": "https://elsewhere.example"}, 403),
        ("/{word}/ws", {"Origin": "http://localhost:1"}, 403),
    ],
)
def test_only_who_has_the_address_is_answered_and_only_under_the_name_of_this_machine(
    path: str, headers: dict[str, str], status: int
) -> None:
    async def ask() -> None:
        server = ScreenServer([sys.executable, "-c", ""], "coord · <b>me</b>")
        async with TestServer(server.app()) as there, aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{there.port}{path.format(word=server.word)}"
            async with session.get(url, headers=headers) as answer:
                assert answer.status == status
                if status == 200 and path.endswith("/"):
                    text = await answer.text()
                    host = headers.get("Host", f"127.0.0.1:{there.port}")
                    assert f"ws://{host}/{server.word}/ws" in text
                    assert "&lt;b&gt;me" in text
                    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                    assert "http" not in text.replace(f"//{host}", "")  # nothing from elsewhere

    asyncio.run(ask())


def test_other_hosts_are_refused_and_the_way_from_another_machine_is_told(made: Project) -> None:
    refused = made.coord("serve", "--host", "0.0.0.0", check=False)
    assert refused.returncode == 3
    assert "listens on this machine alone" in refused.stderr
    assert "ssh -L 8000:127.0.0.1:8000 " in refused.stderr


def test_a_port_that_is_taken_is_told(made: Project, served: tuple[str, "subprocess.Popen[bytes]"]) -> None:
    port = served[0].split("/")[2].rpartition(":")[2]
    taken = made.coord("serve", "--port", port, check=False)
    assert (taken.returncode, f"can't listen on port {port}: address already in use" in taken.stderr) == (1, True)


@pytest.mark.slow
def test_in_a_real_browser_the_page_shows_the_graph_and_a_key_works(
    made: Project, served: tuple[str, "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    program = browser()
    if program is None:
        pytest.skip("no browser can be had by npm")
    drawn = "[...document.querySelectorAll('.xterm-rows > div')].map(row => row.innerText).join('\\n')"

    async def look() -> None:
        async with opened(program, served[0], tmp_path / "browser") as page:
            await page.until(f"{drawn}.replaceAll('\\u00a0', ' ').includes('Prompt 2')")
            await page.until("document.activeElement.className === 'xterm-helper-textarea'")
            await page.press("?")
            await page.until(f"{drawn}.replaceAll('\\u00a0', ' ').includes('Steering the work')")
            assert await page.value("document.fonts.check('15px \"Roboto Mono\"')")
            wrong = [e for e in page.events if e["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")]
            assert wrong == []
            sent = [e["params"] for e in page.events if e["method"] == "Network.requestWillBeSent"]
            asked = {one["request"]["url"].split("/")[2] for one in sent}
            assert asked == {served[0].split("/")[2]}

    asyncio.run(look())
