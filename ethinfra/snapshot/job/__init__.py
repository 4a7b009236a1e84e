"""The programs that make, use and remove snapshots in a cluster, each a container of a pod that the chart renders.

A *run* takes one snapshot of one volume. It goes through five containers of one pod, in this order:

1. `take`     holds a fit node, copies its volume, lets it go on
              with `fitness`, `hold`, `copy`, `volume_snapshot`, `comeback`
2. `push`     sends the copy to the registry as a candidate
3. `restore`  fetches the candidate into an empty volume, from the registry alone
4. the client starts on what was restored, without peers
5. `promote`  asks it for the recorded head, and promotes the candidate

Around them: `prune` removes what is not wanted any more, `export` tells Prometheus what the registry holds, and
`pod_restore` brings a serving node's volume to the newest snapshot.

What they share: `place` (the plan, the pod and its mounts), `run` (what a run knows, kept between containers),
`lease` (one run per node at a time), `node` (questions to a node), `cluster` (the Kubernetes API, and the events that
people see there), `commands` (the command line).

True at every moment, also right after a crash:
- the client is never kept from starting by a job that no longer runs;
- no copy counts that was not made while the client stood still, and its head is known;
- what a killed run left behind is used or removed by the next one;
- a tag that serving nodes restore from is set only after a node has answered from the snapshot with the recorded head.
"""
