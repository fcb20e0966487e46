"""Checkers: pure functions from a history to a Finding. No data is always inconclusive, never a pass.

One concept a file. Their parameters are plain numbers and sets, so that conformance suites call them
with figures of their own; `experiment.judge` applies all of an Slo to the history of one experiment.
"""
