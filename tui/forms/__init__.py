"""Forms: what is asked of the engineer, in the place of the events, so that the graph stays in sight."""
