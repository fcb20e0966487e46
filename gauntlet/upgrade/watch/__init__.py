"""Watching a cluster while somebody else changes it: traffic, what the cluster goes through, and the judgement."""
