"""Work on many files by a few threads, with results in order and few of them waiting."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 64  # items that a thread may be ahead of the results that were taken


def in_order(work: Callable[[Item], Result], items: Iterable[Item], *, threads: int = 4) -> Iterator[Result]:
    """Yield the result for each item, in the order of the items, so the first fault is always the same one.

    Unlike `ThreadPoolExecutor.map`, which queues all items at once, this takes the memory of a few of them,
    however many there are.
    """
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= _AHEAD * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
