"""Images made on this machine: probe workloads, traffic clients and kind nodes, where no registry can be reached.

Each has a tag that carries a hash of everything that goes into it, so an image is right as soon as it exists.
"""
