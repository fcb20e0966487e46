"""Tests of gauntlet watch: pure functions, made-up histories."""
