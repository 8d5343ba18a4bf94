"""What the agent of a phase reports, and what in it sends work back. Pure."""

from collections.abc import Mapping

from coordinator.lazy.typing import Any
from coordinator.model.staged_config import SEVERITIES, StagedConfig
from coordinator.model.staged_context import MOST_VALUES, PARAGRAPH, SUMMARY, Finding, at_word, shortened
from coordinator.model.staged_phases import REVIEW_TESTS, Phase
from coordinator.model.text import amount

REPORTED = "phase.reported"
"""The event of a report."""
COMPLETED, FAILED, BLOCKED = "completed", "failed", "blocked"
STATUSES = (COMPLETED, FAILED, BLOCKED)
_KEY = 80
"""Characters of the name of a count."""


def kept(report: Mapping[str, Any], phase: Phase) -> dict[str, Any]:
    """As much of a report as the position keeps; the log has all of it."""
    phases = report.get("phases")
    own = phases.get(phase.id) if isinstance(phases, Mapping) else None
    told = {key: report[key] for key in ("stageName", "status") if key in report}
    return told | {
        "summary": at_word(str(report.get("summary") or ""), PARAGRAPH),
        "phases": {phase.id: _record(own)} if isinstance(own, Mapping) else {},
        "errors": [found.to_json() for found in findings(report)[:MOST_VALUES]],
    }


def _record(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was counted or measured, without what is long."""
    values = ((str(key)[:_KEY], value) for key, value in list(given.items())[:MOST_VALUES])
    return {
        key: shortened(value, SUMMARY) if isinstance(value, str) else value
        for key, value in values
        if isinstance(value, str | int | float | bool)
    }


def findings(report: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Its errors, the most severe first; one that says nothing of it is severe."""
    listed = report.get("errors")
    found = [
        Finding(str(one.get("severity") or SEVERITIES[-1]), str(one.get("message", "")), str(one.get("location", "")))
        for one in (listed if isinstance(listed, list | tuple) else ())
        if isinstance(one, Mapping)
    ]
    return tuple(sorted(found, key=lambda one: -_weight(one.severity)))


def blocking(report: Mapping[str, Any], config: StagedConfig) -> tuple[Finding, ...]:
    """Those that have to be mended."""
    least = _weight(config.blocks_on)
    return tuple(found for found in findings(report) if _weight(found.severity) >= least)


def coverage(report: Mapping[str, Any], phase: Phase) -> float | None:
    """Per cent of coverage that a phase reports; None: it says nothing of it."""
    phases = report.get("phases")
    own = phases.get(phase.id) if isinstance(phases, Mapping) else None
    told = own.get("coverage") if isinstance(own, Mapping) else None
    try:
        number = float(str(told).strip().removesuffix("%"))
    except ValueError:
        return None
    return number if 0 <= number <= 100 else None


def wanting(report: Mapping[str, Any], config: StagedConfig, phase: Phase) -> str:
    """What a review wants to have mended, in words; empty: nothing."""
    found = blocking(report, config)
    told = [f"{amount(len(found), 'finding')}, {found[0].severity}: {found[0].message}"] if found else []
    covered = coverage(report, phase) if phase is REVIEW_TESTS else None
    if covered is not None and covered < config.coverage:
        told.append(f"coverage {covered:g} % of {config.coverage} %")
    return "; ".join(told)


def wrong_with(report: Mapping[str, Any], phase: Phase) -> str:
    """Why what was reported can't be taken for this phase; empty: it can."""
    if report.get("stageName") != phase.stage:
        return f"it reports stage {report.get('stageName') or 'none'}, and works on {phase.stage}"
    phases = report.get("phases") or {}
    others = [id_ for id_ in phases if id_ != phase.id] if isinstance(phases, Mapping) else []
    if others:
        return f"it reports phase {others[0]}, and works on {phase.id}"
    return ""


def _weight(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES) - 1
