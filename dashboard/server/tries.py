"""How often somebody may guess: a few free tries for each address, then ever longer waits, and a limit for all."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

FREE_TRIES = 5
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 30.0, 900.0
TRIES_A_MINUTE = 60  # wrong ones, of all addresses together: who has many guesses no faster
MOST_ADDRESSES = 4_096  # that are remembered


@dataclass(frozen=True)
class _Wrong:
    """The wrong tries of one address: how many, and when the next one is allowed."""

    count: int
    allowed_at: float


class Tries:
    """The wrong tries so far. clock: gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_address: OrderedDict[str, _Wrong] = OrderedDict()
        self._latest: deque[float] = deque(maxlen=TRIES_A_MINUTE)

    def seconds_to_wait(self, address: str) -> float:
        """Before the next try of this address; 0 where it is allowed now."""
        now = self._clock()
        own = self._by_address[address].allowed_at - now if address in self._by_address else 0.0
        of_all = self._latest[0] + 60 - now if len(self._latest) == TRIES_A_MINUTE else 0.0
        return max(own, of_all, 0.0)

    def add_wrong(self, address: str) -> None:
        """Count a wrong try: from the fifth on, each makes the wait before the next one twice as long."""
        now = self._clock()
        count = self._by_address[address].count + 1 if address in self._by_address else 1
        wait = (
            0.0 if count < FREE_TRIES else min(FIRST_WAIT_SECONDS * 2.0 ** (count - FREE_TRIES), LONGEST_WAIT_SECONDS)
        )
        self._by_address[address] = _Wrong(min(count, 100), now + wait)
        self._by_address.move_to_end(address)
        if len(self._by_address) > MOST_ADDRESSES:
            self._by_address.popitem(last=False)
        self._latest.append(now)

    def forget(self, address: str) -> None:
        """The pass-phrase was right: its wrong tries count no more."""
        self._by_address.pop(address, None)
