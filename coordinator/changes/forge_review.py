"""What people and checks say of a pull request at GitHub, as comments at lines, read by `gh`.

Only members of the repository are heard: their words go to an agent, and anybody may write below a public one. What a
check says is taken once all checks of the newest commit have ended, so that it goes to the agent at once.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator

from coordinator.errors import CoordError
from coordinator.lazy.typing import Any
from coordinator.model.review_comment import LONGEST, QUOTE, Comment
from coordinator.model.text import plain, without_escapes

_MEMBERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_FAILED = frozenset({"FAILURE", "ERROR", "TIMED_OUT", "STARTUP_FAILURE"})
_UNDER_WAY = frozenset({"QUEUED", "IN_PROGRESS", "PENDING", "WAITING", "REQUESTED", "EXPECTED"})
_PULL = re.compile(r"/([^/\s]+)/([^/\s]+)/pull/([0-9]{1,12})(?:$|[/?#])")
_JOB = re.compile(r"/job/([0-9]{1,20})(?:$|[/?#])")
_LOG = 3_000
"""Characters of the end of a failed check's log."""
_CHECKS = 20
"""Failed checks whose log is fetched."""
_FIELDS = "--json=headRefOid,reviews,statusCheckRollup"

Run = Callable[..., str]
"""Runs `gh` with these arguments, and returns what it printed. Raises CoordError."""


def said_at_github(run: Run, url: str, tip: str) -> tuple[Comment, ...]:
    """Review comments, reviews that want changes, and failed checks of a pull request whose branch ends at `tip`.

    Raises CoordError when the tool can't tell.
    """
    match = _PULL.search(url)
    if match is None:
        return ()
    page = _object(run("pr", "view", url, _FIELDS))
    lines = _list(run("api", f"repos/{match[1]}/{match[2]}/pulls/{match[3]}/comments?per_page=100"))
    found = [*_reviews(page.get("reviews")), *_at_lines(lines)]
    if page.get("headRefOid") == tip:
        found += _checks(page.get("statusCheckRollup"), tip, run)
    return tuple(found)


def _reviews(listed: Any) -> Iterator[Comment]:
    for one in _objects(listed):
        text = _text(one.get("body"))
        if one.get("state") == "CHANGES_REQUESTED" and text and one.get("authorAssociation") in _MEMBERS:
            yield Comment("", 0, text, by=_login(one.get("author")), source=f"review {one.get('id')}")


def _at_lines(listed: Iterable[Any]) -> Iterator[Comment]:
    for one in _objects(listed):
        text, path, line = _text(one.get("body")), one.get("path"), one.get("line") or one.get("original_line") or 0
        known = isinstance(path, str) and type(line) is int and line >= 0
        if not text or not known or one.get("author_association") not in _MEMBERS:
            continue
        commit = one.get("commit_id") if one.get("line") else one.get("original_commit_id")
        quote = str(one.get("diff_hunk") or "").rsplit("\n", 1)[-1][1:].strip()[:QUOTE]
        yield Comment(
            str(path),
            line,
            text,
            one.get("side") == "LEFT",
            quote,
            str(commit or ""),
            _login(one.get("user")),
            source=f"comment {one.get('id')}",
        )


def _checks(listed: Any, tip: str, run: Run) -> Iterator[Comment]:
    checks = list(_objects(listed))
    if any((one.get("status") or one.get("state")) in _UNDER_WAY for one in checks):
        return
    failed = [one for one in checks if (one.get("conclusion") or one.get("state")) in _FAILED]
    for one in failed[:_CHECKS]:
        name = plain(str(one.get("name") or one.get("context") or "a check"))
        link = str(one.get("detailsUrl") or one.get("targetUrl") or "")
        log = _log(run, link)
        text = f"The check {name} failed" + (f"; the end of its log:\n\n{log}" if log else f": {plain(link)}")
        yield Comment("", 0, text, commit=tip, by=name, source=f"check {name} {tip}")


def _log(run: Run, link: str) -> str:
    """The end of a failed job's log; nothing where that can't be had."""
    match = _JOB.search(link)
    if match is None:
        return ""
    try:
        said = run("run", "view", f"--job={match[1]}", "--log-failed")
    except CoordError:
        return ""
    lines = [line.rpartition("\t")[2] for line in without_escapes(said).splitlines()]
    return "\n".join(lines).strip()[-_LOG:]


def _object(text: str) -> dict[str, Any]:
    value = _json(text)
    return value if isinstance(value, dict) else {}


def _list(text: str) -> list[Any]:
    value = _json(text)
    return value if isinstance(value, list) else []


def _json(text: str) -> Any:
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError):
        return None


def _objects(listed: Any) -> Iterator[dict[str, Any]]:
    yield from (one for one in listed if isinstance(one, dict)) if isinstance(listed, list) else ()


def _text(value: Any) -> str:
    return value.strip()[:LONGEST] if isinstance(value, str) else ""


def _login(value: Any) -> str:
    return plain(str(value.get("login") or "")) if isinstance(value, dict) else ""
