"""What the harness found of a receipt: on the log, and with all that suites printed in `seal.json`. Pure.

The log is what counts: the file lies where an agent can write.
"""

from collections.abc import Mapping

from coordinator.formats.json_document import encoded, load_object, text_of
from coordinator.lazy.typing import Any
from coordinator.model.problem import Problem
from coordinator.model.seal import Mismatch, SealRecord, SuiteRun, Verdict
from coordinator.model.text import plain

NAME = "seal.json"
_MOST = 100


def render(record: SealRecord) -> bytes:
    """The file of a record."""
    document = record.to_json()
    for told, run in zip(document["suites"], record.suites, strict=True):
        told["output"] = run.output
    return encoded(document)


def read(data: bytes, path: str) -> SealRecord | Problem:
    """A record from its file; a Problem for what is none. Never raises."""
    document = load_object(data, path)
    if isinstance(document, Problem):
        return document
    record = record_of(document)
    return record or Problem(plain(path), 0, "no-verdict", "it does not say whether it is sealed", "remove it")


def record_of(document: Mapping[str, Any]) -> SealRecord | None:
    """A record from its values, as the log has them too; None for what is none."""
    if not isinstance(document.get("sealed"), bool):
        return None
    found = _objects(document.get("mismatches"))
    mismatches = tuple(Mismatch(*(text_of(one.get(key)) for key in ("about", "said", "ran"))) for one in found)
    verdict = Verdict(text_of(document.get("status")), document["sealed"], _texts(document, "reasons"), mismatches)
    texts = {key: text_of(document.get(key)) for key in ("commit", "receipt", "digest", "station", "at")}
    runs = tuple(_run(one) for one in _objects(document.get("suites")))
    return SealRecord(verdict, suites=runs, unrun=_texts(document, "unrun"), **texts)


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)][:_MOST] if isinstance(value, list) else []


def _texts(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = document.get(key)
    return tuple(text_of(one) for one in value[:_MOST]) if isinstance(value, list) else ()


def _run(one: dict[str, Any]) -> SuiteRun:
    status = one.get("exit")
    return SuiteRun(
        text_of(one.get("name")),
        status if type(status) is int else 1,
        text_of(one.get("digest")),
        one.get("timed_out") is True,
        text_of(one.get("output")),
    )
