"""Whose cluster it is for the moment, which faults were put into it, and how they are undone.

`store` is the write-ahead record, `lock` and `owner` say which process uses a cluster, `heal` undoes. Providers look at
the first three before they end or take over a cluster; they never heal.
"""
