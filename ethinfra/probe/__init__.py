"""The node probe: whether a node has started, may serve, and should be restarted, read from the state of its chain.

It runs beside an execution client and its consensus client, asks both every few seconds, and answers the kubelet from
what it saw last. Standard library only: the image holds a Python and this package, nothing else.

- a *view* is what was seen of both clients at one time         `view`
- a *verdict* is a pure function of a view and the limits       `verdict`
- an *exchange* is one HTTP question, with a hard deadline      `exchange`
- *clients* put questions and build the view from the answers   `execution`, `consensus`, `reference`
- the *observer* looks again and again, and keeps a history     `observer`
- the *server* tells the kubelet, Prometheus and people         `server`, `metrics`

The probe also tells from which snapshot a node's data came (`marker`) and how many requests it answers (`rate`).

Beside it live small jobs that need the same image: the JWT secret of a pod (`jwt`), the identity and time of a devnet
(`genesis`, with `keys` and `kubernetes`), and before a client starts, whether its source of finality is fit
(`checkpoint`), the genesis of a network that exists already (`state`), and whether a job copies its volume (`hold`).
`trust` is for those that ask over TLS. `docs/node-probe.md` has the reasons a node can be not ready.
"""
