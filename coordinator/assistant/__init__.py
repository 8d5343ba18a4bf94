"""The voice of the coordinator, in a process of its own: it reads, asks and proposes, and never writes."""
