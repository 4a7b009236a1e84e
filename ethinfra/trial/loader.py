"""Clients that ask a JSON-RPC Service without a pause and compare every answer.

This file is a program of its own: it runs in a pod, where a Service leads to all of its replicas, and uses nothing but
Python's library. `ethinfra.trial.load` starts it there, reads what it prints, and stops it.

    python3 loader.py URL     until its standard input ends, or `--seconds`

The first line of its input is a list of {"method", "params", "expected"}. One without "expected" asks for the head
(`eth_blockNumber`, or a block by the tag `latest`): its answer is compared with the highest head that this client saw.

Every client opens a connection anew after `--reuse` seconds. A Service balances connections, not requests, so who keeps
one for ever stays with one replica and learns of its end by an error. A pod that is drained answers for longer.

It prints one JSON object for each second: see `Second`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

#: Of each kind, so many are described; all are counted.
DESCRIBED = 5


@dataclass
class Second:
    """What happened in one second.

    answered: questions whose answer was the expected one
    wrong, failed: those with another answer, or none; the first DESCRIBED of each kind are in `notes`
    back:     blocks by which a client saw its head go back, at most
    slowest:  seconds for one HTTP request, at most
    cpu:      share of one processor that this program took
    """

    at: float
    answered: int = 0
    wrong: int = 0
    failed: int = 0
    back: int = 0
    head: int = 0
    slowest: float = 0.0
    cpu: float = 0.0
    notes: list[str] = field(default_factory=list)


class Tally:
    """Counts of the second that is running; shared by all clients."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = Second(time.time())
        self._described = {"wrong": 0, "failed": 0}

    def add(self, seconds: float, answered: int, head: int, back: int, complaints: list[tuple[str, str]]) -> None:
        """One HTTP request. complaints: (wrong or failed, what) for each question that was not answered well"""
        with self._lock:
            now = self._now
            now.answered += answered
            now.slowest = max(now.slowest, seconds)
            now.head = max(now.head, head)
            now.back = max(now.back, back)
            for kind, what in complaints:
                setattr(now, kind, getattr(now, kind) + 1)
                if self._described[kind] < DESCRIBED:
                    self._described[kind] += 1
                    now.notes.append(f"{kind}: {what}")

    def turn(self, cpu: float) -> Second:
        """End the second; what was counted in it."""
        with self._lock:
            done, self._now = self._now, Second(time.time())
        done.cpu = cpu
        return done


class Client:
    """One client: one connection at a time, one request at a time."""

    def __init__(self, url: str, questions: list[dict[str, Any]], *, batch: int, reuse: float, timeout: float) -> None:
        place = urlsplit(url)
        self._host, self._port, self._path = place.hostname or "", place.port or 80, place.path or "/"
        self._questions = questions
        self._batch = batch
        self._reuse = reuse
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self._opened = 0.0
        self._next = 0
        self._highest = 0

    def ask(self, tally: Tally) -> None:
        """One HTTP request with the next questions."""
        asked = [self._questions[(self._next + step) % len(self._questions)] for step in range(self._batch)]
        self._next += self._batch
        began = time.monotonic()
        try:
            answers = self._exchange(asked)
        except (OSError, http.client.HTTPException, ValueError) as reason:
            self.close()
            text = f"{type(reason).__name__}: {reason}"
            tally.add(time.monotonic() - began, 0, 0, 0, [("failed", text)] * len(asked))
            return
        self._judge(asked, answers, time.monotonic() - began, tally)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, asked: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
        if self._connection is not None and time.monotonic() - self._opened > self._reuse:
            self.close()
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
            self._opened = time.monotonic()
        calls = [
            {"jsonrpc": "2.0", "id": number, "method": one["method"], "params": one["params"]}
            for number, one in enumerate(asked)
        ]
        self._connection.request("POST", self._path, json.dumps(calls).encode(), {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise ValueError(f"HTTP {answer.status} {body[:120]!r}")
        said = json.loads(body)
        if not isinstance(said, list):
            raise ValueError(f"no batch: {body[:120]!r}")
        return {one["id"]: one for one in said if isinstance(one, dict) and "id" in one}

    def _judge(
        self, asked: list[dict[str, Any]], answers: dict[int, dict[str, Any]], seconds: float, tally: Tally
    ) -> None:
        answered = back = highest = 0
        complaints: list[tuple[str, str]] = []
        for number, question in enumerate(asked):
            answer = answers.get(number, {})
            if "result" not in answer:
                why = json.dumps(answer.get("error", "no answer"))
                complaints.append(("failed", f"{question['method']}: {why[:200]}"))
                continue
            if "expected" not in question:
                head = head_of(answer["result"])
                if head is None:
                    complaints.append(("wrong", f"{question['method']}: {str(answer['result'])[:120]} is no head"))
                    continue
                back = max(back, self._highest - head)
                self._highest = max(self._highest, head)
                highest = self._highest
            elif answer["result"] != question["expected"]:
                seen = json.dumps(answer["result"])[:160]
                complaints.append(("wrong", f"{question['method']} {json.dumps(question['params'])[:100]}: {seen}"))
                continue
            answered += 1
        tally.add(seconds, answered, highest, back, complaints)


def head_of(result: Any) -> int | None:
    """The block number in an answer to eth_blockNumber or to a block by tag; None if there is none."""
    number = result.get("number") if isinstance(result, dict) else result
    try:
        return int(str(number), 16)
    except ValueError:
        return None


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Ask a JSON-RPC Service and compare every answer.")
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--batch", type=int, default=10, help="questions in one HTTP request")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between two requests of a client")
    parser.add_argument("--reuse", type=float, default=3.0, help="seconds for which a connection is kept")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds for an answer")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    options = parser.parse_args(arguments)
    questions = json.loads(sys.stdin.readline())

    tally, stop = Tally(), threading.Event()

    def wait_for_the_end() -> None:
        # Whoever started this in a pod cannot send it a signal; but its input ends with him, however he ends.
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()

    def work() -> None:
        client = Client(options.url, questions, batch=options.batch, reuse=options.reuse, timeout=options.timeout)
        while not stop.is_set():
            client.ask(tally)
            if options.pause:
                stop.wait(options.pause)
        client.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(options.clients)]
    for thread in threads:
        thread.start()
    ends, before = time.monotonic() + options.seconds, sum(os.times()[:2])
    while not stop.wait(1.0) and time.monotonic() < ends:
        now = sum(os.times()[:2])
        print(json.dumps(asdict(tally.turn(now - before))), flush=True)
        before = now
    stop.set()
    for thread in threads:
        thread.join(options.timeout + 1)
    print(json.dumps(asdict(tally.turn(sum(os.times()[:2]) - before))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
