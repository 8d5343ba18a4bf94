"""Whether what a station hands in can be read as what its name says: JSON, a worklist, a receipt, a ledger. Pure."""

from coordinator.model.contract import RECEIPT, WORKLIST
from coordinator.model.pipeline import Artifact
from coordinator.model.problem import Problem


def wrong_artifact(artifact: Artifact, data: bytes) -> str:
    """Why it can't be taken, in words; empty where it can. Never raises."""
    found: object
    if artifact.field:
        from coordinator.formats.ledger import read as read_ledger

        found = read_ledger(data, artifact.file)
    elif artifact.file.endswith(WORKLIST):
        from coordinator.formats.worklist import read as read_worklist

        found = read_worklist(data, artifact.file)
    elif artifact.file.endswith(RECEIPT):
        from coordinator.formats.flow_receipt import read as read_receipt

        found = read_receipt(data, artifact.file)
    elif artifact.file.endswith(".json"):
        from coordinator.formats.imports.json_text import load

        found = load(data, artifact.file)
    else:
        found = None if data.strip() else Problem(artifact.file, 0, "empty", "it is empty", "write it")
    return f"{found.message}: {found.remedy}" if isinstance(found, Problem) else ""
