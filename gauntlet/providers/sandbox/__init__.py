"""The sandbox: a real control plane and real kube-proxies in a private world of namespaces.

No Docker, no root, no virtual machine. See docs/architecture.md.
"""
