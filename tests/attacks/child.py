"""A process of its own that runs many command lines by the command line's own entry, and says what came of each.

python -m tests.attacks.child FILE: FILE holds JSON, a list of [name, arguments]; for each a line of JSON is printed.
"""

import contextlib
import io
import json
import os
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path

from cli.app import run


def rss_bytes() -> int:
    """The most memory this process ever held; 0 where the system does not tell it so."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return 1024 * int(line.split()[1])
    return 0


def main(file: str, memory_bytes: int) -> None:
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    # The tests' own temporary folder: nothing else may be left in it.
    os.environ["TMPDIR"] = tempfile.tempdir = str(Path(file).parent / "temporary")
    Path(tempfile.tempdir).mkdir(exist_ok=True)
    said = sys.stdout
    for name, arguments in json.loads(Path(file).read_text()):
        out, err, began = io.StringIO(), io.StringIO(), time.monotonic()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status: int | str = run([os.fsdecode(bytes.fromhex(each)) for each in arguments])
        except BaseException:
            status = traceback.format_exc()
        line = {
            "name": name,
            "status": status,
            "out": out.getvalue()[:20_000],
            "err": err.getvalue()[:20_000],
            "seconds": time.monotonic() - began,
            "rss_bytes": rss_bytes(),
        }
        print(json.dumps(line), file=said, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
