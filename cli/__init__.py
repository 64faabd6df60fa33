"""The command line: each command calls what the pages call.

Commands import what they need when they run, so that `graft datasets` does not wait for torch.
"""

from cli.app import main

__all__ = ["main"]
