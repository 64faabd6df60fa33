"""Connections that end: uvicorn by itself waits for ever for the rest of a request's head, on any number of them."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterable
from typing import Any

import uvicorn.config
from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_SECONDS = 10.0  # from the connection, or the first letter of a further request, to the end of its head
MOST_FROM_ONE = 64  # a browser opens six, and one more for each tab
MOST_OF_ALL = 480  # and no more than half of the files that this process may hold open
_LOOPBACK = "127.0.0.1"


def use_patient_protocol() -> None:
    """Let every server of this process use PatientProtocol.

    Streamlit starts uvicorn without a way to choose its protocol; this table of uvicorn's is where it is looked up.
    """
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{PatientProtocol.__name__}"


_Base: Any = AutoHTTPProtocol


class PatientProtocol(_Base):
    """uvicorn's protocol for HTTP, with a limit on the wait for a request and on connections of other computers."""

    _waits: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if is_too_many(self.client, self.connections, _most_of_all()):
            transport.abort()
            return
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_answering():
            self._stop_waiting()
        elif self._waits is None:
            self._wait_for_head()

    def connection_lost(self, error: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(error)

    def _is_answering(self) -> bool:
        """Whether a whole head has arrived: its request is being answered, or has become a WebSocket."""
        is_upgraded = self.transport.get_protocol() is not self
        return is_upgraded or (self.cycle is not None and not self.cycle.response_complete)

    def _wait_for_head(self) -> None:
        self._waits = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    def _give_up(self) -> None:
        self._waits = None
        if not self._is_answering():
            self.transport.close()


def is_too_many(client: tuple[str, int] | None, connections: Iterable[Any], most_of_all: int) -> bool:
    """Whether a connection, itself one of `connections`, is one more than its computer, or all others, may have.

    This computer always gets in: it holds the terminal, too.
    """
    if client is None or client[0] == _LOOPBACK:
        return False
    by_address = Counter(each.client[0] for each in connections if each.client and each.client[0] != _LOOPBACK)
    return by_address[client[0]] > MOST_FROM_ONE or by_address.total() > most_of_all


def _most_of_all() -> int:
    if os.name != "posix":
        return MOST_OF_ALL
    import resource

    return min(MOST_OF_ALL, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
