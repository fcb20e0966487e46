"""The first process of a node with a kernel of its own, and the wire on which it is given commands.

It runs inside the guest with the standard library alone, and few modules of that: everything read here passes hostfs.
"""
