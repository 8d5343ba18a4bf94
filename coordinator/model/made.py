"""What pipelines made: published artifacts, receipts with what the harness found of them, and the ledger. Pure."""

from coordinator.lazy.dataclass import dataclass
from coordinator.model.flow_receipt import FlowReceipt
from coordinator.model.ledger import Entry, State, shared_id
from coordinator.model.seal import SealRecord


@dataclass(frozen=True, slots=True)
class MadeFile:
    """An artifact that a station's accepted hand-off brought."""

    run: str
    prompt: int
    attempt: int
    pipeline: str
    name: str
    station: str
    """The turn that made it, `implementer.2`."""
    bytes: int
    digest: str
    """SHA-256, hex."""
    at: str
    """UTC, ISO 8601."""
    path: str
    """Relative to the project's root."""
    state: str = ""
    """`changed` or `gone`: it is not any more what was published; empty: it is."""

    def to_json(self) -> dict[str, object]:
        return {
            "run": self.run,
            "prompt": self.prompt,
            "attempt": self.attempt,
            "pipeline": self.pipeline,
            "name": self.name,
            "station": self.station,
            "bytes": self.bytes,
            "digest": self.digest,
            "at": self.at,
            "path": self.path,
            "state": self.state or None,
        }


@dataclass(frozen=True, slots=True)
class MadeReceipt:
    """A receipt, and what the harness found of it."""

    file: MadeFile
    receipt: FlowReceipt
    seal: SealRecord | None
    """None: nobody has held it against anything."""

    @property
    def sealed(self) -> bool:
        return self.seal is not None and self.seal.verdict.sealed

    def to_json(self) -> dict[str, object]:
        verdict = self.seal.verdict if self.seal is not None else None
        told = {key: getattr(self.file, key) for key in ("run", "prompt", "attempt", "pipeline", "name", "path")}
        mismatches = verdict.mismatches if verdict is not None else ()
        return told | {
            "status": self.receipt.status,
            "recommended_action": self.receipt.recommended_action or None,
            "sealed_by": self.file.station,
            "sealed": self.sealed,
            "reasons": list(verdict.reasons) if verdict is not None else [],
            "mismatches": [{"about": m.about, "said": m.said, "ran": m.ran} for m in mismatches],
        }


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A criterion of the ledger beside what the harness knows of it."""

    run: str
    prompt: int
    entry: Entry
    witnessed: bool | None = None
    """A command that the harness ran shows it, or does not; None: none was run."""
    mismatch: str = ""
    """Says that it is met, and the run says otherwise: what the run says."""

    @property
    def id(self) -> str:
        """What it is called among those of all prompts: `AC-07-1`."""
        return shared_id(self.prompt, self.entry.id) if self.prompt else self.entry.id

    @property
    def contradicted(self) -> str:
        """What the run says against the ledger's word that it is met; empty: nothing does."""
        if self.mismatch or self.entry.state is not State.PASSED:
            return self.mismatch
        return "its command fails" if self.witnessed is False else ""

    def to_json(self) -> dict[str, object]:
        entry = self.entry
        return {
            "id": self.id,
            "run": self.run,
            "prompt": self.prompt or None,
            "description": entry.description,
            "tests_written": entry.tests_written or None,
            "impl_status": entry.impl_status or None,
            "verify_status": entry.verify_status or None,
            "state": entry.state.value,
            "evidence": entry.evidence or None,
            "updated_at": entry.updated_at or None,
            "witnessed": self.witnessed,
            "mismatch": self.contradicted or None,
        }


@dataclass(frozen=True, slots=True)
class Made:
    """All that the pipelines of a run made."""

    files: tuple[MadeFile, ...] = ()
    receipts: tuple[MadeReceipt, ...] = ()
    rows: tuple[LedgerRow, ...] = ()
    troubles: tuple[str, ...] = ()
    """What can't be read, a sentence each."""
