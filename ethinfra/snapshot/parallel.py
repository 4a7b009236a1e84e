"""Work on many chunks at a time, with memory that does not grow with their number.

Threads are enough: reading, hashing, compressing and TLS all leave the interpreter's lock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")

#: Bytes that all workers may hold together. One holds a chunk, its stored form, and what the compressor needs.
_BUDGET = 200 << 20


def worker_count(asked: int, chunk_size: int) -> int:
    """How many workers: as asked, or three for each core as far as the memory's budget goes."""
    return asked or max(1, min(3 * (os.cpu_count() or 1), _BUDGET // (3 * chunk_size)))


def each(items: Iterable[Item], work: Callable[[Item], None], workers: int) -> None:
    """Do the work for each item, on so many threads; items are taken one by one when a thread is free.

    The first exception, of the work or of the items, ends it: what is under way is finished, nothing new is begun, and
    the exception is raised.
    """
    source = iter(items)
    lock = threading.Lock()
    failures: list[BaseException] = []

    def labour() -> None:
        while True:
            try:
                with lock:
                    if failures:
                        return
                    item = next(source)
                work(item)
            except StopIteration:
                return
            except BaseException as failure:
                with lock:
                    failures.append(failure)
                return

    threads = [threading.Thread(target=labour, name=f"chunk-{number}", daemon=True) for number in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException as failure:  # Ctrl-C arrives here, in the main thread
        with lock:
            failures.insert(0, failure)
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
