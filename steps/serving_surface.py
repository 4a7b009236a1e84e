"""Steps about what serve nodes offer, asked by an RPC client in the cluster through their Services"""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from ethinfra.chain.networks import Network
from ethinfra.trial import surface
from ethinfra.trial.surface import ANSWER, Reply, ServeNodes
from fixtures.evidence import Evidence
from fixtures.reach import Parties

#: Who asks, by the words of the network policies' features.
CLIENT = "an RPC client"


@when(
    parsers.parse('an RPC client in the cluster calls "{method}" through the Service of the serve nodes'),
    target_fixture="reply",
)
def call(method: str, serve_nodes: ServeNodes, parties: Parties, evidence: Evidence) -> Reply:
    """The same client is answered when it asks for the chain's id."""
    client = parties.source(CLIENT)
    surface.must_be_answered(surface.ask(client, serve_nodes.rpc, "eth_chainId"), 1, "eth_chainId")
    reply = surface.ask(client, serve_nodes.rpc, method)
    evidence.attach("answer", {method: reply})
    return reply


@then("the answer is that there is no such method")
def no_such_method(reply: Reply) -> None:
    """Error -32601."""
    assert reply.code == surface.NO_SUCH_METHOD, reply


@when(
    "an RPC client in the cluster sends as many requests in one batch as the limit, and one more in another",
    target_fixture="replies",
)
def two_batches(serve_nodes: ServeNodes, parties: Parties, evidence: Evidence) -> tuple[Reply, Reply, int]:
    """`serve.rpc.limits.batchRequests` of the environment's values."""
    limit = serve_nodes.limits.batch
    client, question = parties.source(CLIENT), ("eth_chainId", ())
    within, beyond = (surface.ask_in_batch(client, serve_nodes.rpc, *question, count) for count in (limit, limit + 1))
    evidence.attach("answers", {f"{limit} requests": within, f"{limit + 1} requests": beyond})
    return within, beyond, limit


@then("the first batch is answered and the other one is refused")
def batch_refused(replies: tuple[Reply, Reply, int]) -> None:
    """Each request of the first with a result; none of the other one, but an error."""
    within, beyond, limit = replies
    surface.must_be_answered(within, limit, f"a batch of {limit}")
    surface.must_be_refused(beyond, f"a batch of {limit + 1}")


@when(
    "an RPC client in the cluster sends a request as large as the limit, and one that is twice as large",
    target_fixture="replies",
)
def two_sizes(serve_nodes: ServeNodes, parties: Parties, evidence: Evidence) -> tuple[Reply, Reply, int]:
    """`serve.rpc.limits.requestBytes` of the environment's values. White space makes them large."""
    limit, client = serve_nodes.limits.request, parties.source(CLIENT)
    within, beyond = (surface.ask(client, serve_nodes.rpc, "eth_chainId", size=size) for size in (limit, 2 * limit))
    evidence.attach("answers", {f"{limit} bytes": within, f"{2 * limit} bytes": beyond})
    return within, beyond, limit


@then("the first request is answered and the other one is refused")
def request_refused(replies: tuple[Reply, Reply, int]) -> None:
    within, beyond, limit = replies
    surface.must_be_answered(within, 1, f"a request of {limit} bytes")
    surface.must_be_refused(beyond, f"a request of {2 * limit} bytes")


@when("an RPC client in the cluster sends a batch whose answers are larger than the limit", target_fixture="replies")
def large_answers(serve_nodes: ServeNodes, parties: Parties, evidence: Evidence) -> tuple[Reply, int, int]:
    """`serve.rpc.limits.batchResponseBytes`; calls that return much memory, as many as a batch may have."""
    limits = serve_nodes.limits
    # In hexadecimal, an answer has two bytes for each.
    count = limits.answers // (2 * ANSWER) + 10
    assert count <= limits.batch, f"{count} answers of {2 * ANSWER} bytes do not fit in a batch of {limits.batch}"
    reply = surface.ask_in_batch(parties.source(CLIENT), serve_nodes.rpc, *surface.large_answer(ANSWER), count)
    evidence.attach("answer", {f"{count} answers of {2 * ANSWER} bytes": reply, "limit": limits.answers})
    return reply, limits.answers, count


@then("it has answers up to the limit, and errors for the rest")
def cut_short(replies: tuple[Reply, int, int]) -> None:
    """No answer is missing without a word, and all together are hardly larger than the limit."""
    reply, limit, count = replies
    surface.must_be_cut_short(reply, limit, count, f"a batch of {count} large answers")


@when(
    "an RPC client in the cluster subscribes to new heads through the WebSocket Service of the serve nodes",
    target_fixture="heads",
)
def subscribe(serve_nodes: ServeNodes, parties: Parties, network: Network, evidence: Evidence) -> list[int]:
    """And receives three of them."""
    heads = surface.new_heads(parties.source(CLIENT), serve_nodes.ws, 3, within=18 * network.slot_seconds)
    evidence.attach("heads", heads)
    return heads


@then("it is told of the next 3 heads, one after the other")
def one_after_the_other(heads: list[int]) -> None:
    """Without a gap, and none twice."""
    assert heads == [heads[0], heads[0] + 1, heads[0] + 2]
