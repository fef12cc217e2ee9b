"""Reports: what was run, what came out beside what was published, and the verdicts."""
