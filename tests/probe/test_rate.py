"""The request rate comes from the client's own counter, and is absent wherever that says nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from ethinfra.probe.exchange import Endpoint
from ethinfra.probe.rate import RequestRate
from ethinfra.probe.testing.scripted_node import ScriptedNode
from ethinfra.waiting import eventually
from tests.probe.conftest import at, running_probe
from tests.probe.http import reply, serving, unused_port
from tests.probe.test_serve import scrape

NOWHERE = Endpoint.parse("http://127.0.0.1:1")


class Page:
    """A metrics page that a test writes by hand."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        reply(handler, self.text.encode())


@contextmanager
def client_page(text: str) -> Iterator[Page]:
    page = Page(text)
    with serving(page.answer) as url:
        page.url = f"{url}/metrics"
        yield page


def rate_of(page: Page, *series: str) -> Iterator[RequestRate]:
    rate = RequestRate(Endpoint.parse(page.url), series, every=0.05)
    rate.start()
    return rate


def test_rate_is_taken_over_the_window():
    """Readings that are older than the window do not count any more."""
    rate = RequestRate(NOWHERE, ["requests"], window=30)
    now = time.monotonic()
    rate.take(1000, now - 90)
    for second in range(60, -1, -3):
        rate.take(4000 - 10 * second, now - second)

    assert rate.per_second() == pytest.approx(10)


def test_counter_that_begins_again_counts_from_zero():
    """As the client did: without this a restart would be a large negative number, or a jump."""
    rate = RequestRate(NOWHERE, ["requests"])
    now = time.monotonic()
    for ago, total in ((20, 5000), (10, 5100), (0, 100)):
        rate.take(total, now - ago)

    assert rate.per_second() == pytest.approx(10)


@pytest.mark.parametrize("readings", [[], [(0, 5)], [(60, 5), (50, 500)]], ids=["none", "one", "old"])
def test_too_little_is_known(readings: list[tuple[float, float]]):
    rate = RequestRate(NOWHERE, ["requests"])
    for ago, total in readings:
        rate.take(total, time.monotonic() - ago)

    assert rate.per_second() is None


def test_series_are_added_up_over_names_and_labels():
    """As Besu counts by method, and geth writes a space before labels."""
    lines = [
        "# TYPE time_count counter",
        'time_count{methodName="a}b",} 3',
        'time_count {methodName="b"} 4.0',
        "other 5",
    ]
    with client_page("\n".join([*lines, "time_counter 9", ""])) as page:
        rate = RequestRate(Endpoint.parse(page.url), ["time_count", "other"])

        assert rate._read() == 12


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("requests_total 3\n", "no series requests on the metrics page"),
        ("requests NaN\n", "requests is nan"),
        ("requests many\n", "series requests has no number"),
        ("", "no series requests"),
    ],
)
def test_page_without_a_count_gives_no_rate_and_says_why(text: str, note: str):
    with client_page(text) as page:
        rate = rate_of(page, "requests")

        assert eventually(
            "the page was read", rate.note, until=lambda said: said != "not read yet", within=5
        ).startswith(note)
        assert rate.per_second() is None
        rate.stop()


def test_probe_tells_the_rate(node: ScriptedNode):
    """In /status for people and in /metrics for the scaler; a client that goes away leaves no made-up zero."""
    with client_page("rpc_requests 100\n") as page:
        options = [f"--client-metrics={page.url}", "--requests-series=rpc_requests", "--interval=0.1"]
        with running_probe(*at(node), *options) as probe:
            eventually("a first reading", lambda: probe.asked("/status").body["requests"]["note"] == "read", within=10)
            assert "ethinfra_rpc_requests_per_second" not in scrape(probe.get("/metrics")[1])
            page.text = "rpc_requests 400\n"

            seen = eventually(
                "a rate", lambda: scrape(probe.get("/metrics")[1]).get("ethinfra_rpc_requests_per_second"), within=15
            )

            assert 20 < seen <= 101
            assert probe.asked("/status").body["requests"]["perSecond"] > 20


def test_client_without_a_metrics_page_is_said(node: ScriptedNode):
    options = [f"--client-metrics=http://127.0.0.1:{unused_port()}", "--requests-series=rpc_requests"]
    with running_probe(*at(node), *options, "--interval=0.1") as probe:
        said = eventually(
            "the page was asked",
            lambda: probe.asked("/status").body["requests"],
            until=lambda said: said["note"] != "not read yet",
            within=10,
        )

        assert said == {"perSecond": None, "note": "Connection refused"}
        assert "ethinfra_rpc_requests_per_second" not in scrape(probe.get("/metrics")[1])


def test_without_a_counter_nothing_is_claimed(node: ScriptedNode):
    with running_probe(*at(node), "--interval=0.1") as probe:
        probe.must_say("ready")

        assert probe.asked("/status").body["requests"] is None
