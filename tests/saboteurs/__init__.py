"""Saboteurs: programs in front of iptables-restore and nft in kube-proxy's PATH, each imitating a class of bug.

`<class>-<bug>/` holds links to `program.py`; `transforms/<class>.py` says what a saboteur does, `register/<class>.py`
by which cases it has to be caught. `python -m tests.saboteurs` (`make saboteurs`) runs them: docs/saboteurs.md.
"""
