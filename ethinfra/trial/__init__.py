"""What scenarios do to a running deployment in order to learn whether it holds.

Everything made here carries the label `ethinfra.io/trial` with the run's id, so that leftovers can be found, and lives
in the namespace `trial` unless the question is about another one.

- `pods`       pods to try things from
- `reach`      who reaches whom, on which port
- `rights`     what a service account may do
- `admission`  what the API server admits and serves
- `volumes`    whether a claim keeps what was written
- `artifacts`  what the registry stores, for whom
- `restart`    a pod is deleted, and what of it can be seen afterwards
- `services`   whether Services lead where they say
- `engine`     whether the Engine API and its secret stay inside the pod
- `rpc`        the RPC Service, called as users call it
- `scripted`   a node that lies when it is told to
- `late`       nodes that join a running network late
- `snapshots`  snapshots of a node, taken and seen as operators do; `builders`, `alone`: pods that handle them;
               `snapshot_damage`, `snapshot_retention`, `small_registry`, `restoring`: what can happen to them
- `serving`    fleets of serve nodes; `surface`: what they offer; `scaling`: why there are more or fewer of them
- `load`       clients that compare every answer; `loader` is their program
- `outage`     the registry is away for a while
- `soak`       anything is killed at any time
- `machine`    what an embedded cluster shows of itself on its machine
"""
