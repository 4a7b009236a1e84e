"""The chain as steps and checks see it: nodes, their heads and peers, transactions, and what they agree on.

- a *link* carries one HTTP question to a port of a node          `link`
- JSON-RPC, Beacon API and Engine API over a link                 `jsonrpc`, `beacon`, `engine`
- a *node* is an execution client, its consensus client and probe `node`, found by `discovery`
- a *network* is a file of values/networks                        `networks`
- *accounts* hold ether, *transactions* move it                   `accounts`, `transactions`
- a *watch* samples the heads of all nodes for a while            `watch`

Methods ask or demand, and the name tells which: `node.head()` returns, `node.must_advance()` waits and then raises with
what it saw. A node that does not answer is `NodeSilent`, one that answers with an error is `RpcError`; both are
ChainErrors, so `eventually` takes them for "not yet".
"""
