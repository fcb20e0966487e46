"""`gauntlet upgrade` on sandbox clusters."""
