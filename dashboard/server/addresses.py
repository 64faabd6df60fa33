"""Where a started Graft is found, as the terminal says it: addresses, the pass-phrase, a QR code of both."""

import io
import socket
import sys
from urllib.parse import quote

import psutil
import segno

from dashboard.server.sign_in import SIGN_IN_URL

# Reserved for documentation (RFC 5737): nothing is sent there, the system only says by which way it would go.
_ELSEWHERE = ("192.0.2.1", 9)


def local_address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def network_host() -> str:
    """This computer's address on the network, as other computers reach it; its name where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
            found = [probe.getsockname()[0]]
        except OSError:  # no way leads out: a network without a router still has addresses
            cards = psutil.net_if_addrs().values()
            found = [each.address for card in cards for each in card if each.family == socket.AF_INET]
    return next((address for address in found if not address.startswith(("127.", "0."))), socket.gethostname())


def sign_in_link(address: str, pass_phrase: str) -> str:
    """The address that signs in who opens it. The words stand behind the #, which no browser sends anywhere."""
    return f"{address}{SIGN_IN_URL}#{quote(pass_phrase, safe='')}"


def announcement(port: int, pass_phrase: str | None) -> str:
    """What the terminal says once the server answers. pass_phrase: of a shared Graft; None where it is not shared."""
    own = f"Graft is at {local_address(port)}. Ctrl-C ends it; nothing is lost."
    if pass_phrase is None:
        return own
    address = f"http://{network_host()}:{port}"
    return "\n".join(
        [
            own,
            f"Other computers of this network find it at {address} (or http://{socket.gethostname()}:{port}).",
            f"Pass-phrase: {pass_phrase}",
            "Whoever has it can see, change and delete everything here. Nothing is encrypted on the way: share Graft",
            "on a network that you trust.",
            _qr_code(sign_in_link(address, pass_phrase)),
        ]
    ).rstrip("\n")


def _qr_code(text: str) -> str:
    """The code in half blocks, for a phone's camera; "" where the terminal has no letters for it."""
    with io.StringIO() as drawing:
        segno.make(text, error="l", micro=False).terminal(out=drawing, border=2, compact=True)
        code = drawing.getvalue()
    try:
        code.encode(sys.stdout.encoding or "ascii")
    except UnicodeError:
        return ""
    return code
