"""The orchestrator and the process around it."""
