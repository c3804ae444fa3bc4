"""The training record: append-only events, chained per subject. Knows nobody by name."""
