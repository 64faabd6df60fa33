"""The command line: every line calls what the pages call.

A command imports what it needs when it runs: `graft datasets` answers at once, though training needs torch.
"""

from cli.app import main

__all__ = ["main"]
