"""The kube-proxy gauntlet: may this cluster take its next kube-proxy?"""

__version__ = "0.1.0"
