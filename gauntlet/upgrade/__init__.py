"""The upgrade gate: what replacing kube-proxy node by node costs, and whether the next one serves as well as today's.

docs/decisions/0028-upgrade-gate.md says how the parts go together.
"""
