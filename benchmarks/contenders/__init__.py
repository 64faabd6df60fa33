"""The ways of training that are compared: each runs in a process of its own, is handed one piece of work, and says how
long its parts took.

    python -m benchmarks.contenders.plain_loop '{"epochs": 2, ...}'     # a Work in, a line with its Times out

Only `graft` imports Graft: the others get nothing of what it sets or patches.
"""
