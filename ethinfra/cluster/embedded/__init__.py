"""Upstream Kubernetes on one Linux machine, booted by this project.

A *cluster* has an *id* (name and checkout), a *slot* (its own /16 of addresses) and a folder of state. It consists of
*spaces*: sets of kernel namespaces, each held open by one idle process. The space `control` runs etcd, the API server,
the controller manager, the scheduler and a kube-proxy; each *node* is a space with a disk, a name and addresses of
its own that runs containerd, the kubelet, kube-proxy and the enforcer of network policies. Daemons are *components*; a
*supervisor* per cluster starts them in order, restarts what exits and writes a report.

Everything that runs is in control groups of the cluster, everything that is mounted in a space: when the processes are
gone, so is the rest, whatever state a cluster was in. The machine itself gets one link, routes on it, and no rules.

- `plan`        names, addresses, folders: all that is decided before anything is done
- `slots`       which address range; the machine-wide lock
- `steps`       the boot, as a list
- `pki`, `kubeconfigs`                     who may talk to whom
- `spaces`, `disk`, `network`, `cgroups`, `sysctls`   what a node is made of
- `control_plane`, `node`                  the components and their configuration
- `components`, `supervisor`, `report`     keeping them running
- `addons`      what the cluster itself deploys: DNS, metrics, node-local volumes
- `mirror`, `containers`                   what callers may do to the nodes
- `preflight`   what stands in the way of a boot
- `teardown`, `footprint`                  leaving nothing behind, and the proof of it
"""
