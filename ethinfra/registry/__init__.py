"""The cluster's own container registry, as operators and tests use it.

One pod: a *gateway* (nginx: TLS, accounts, management page) in front of distribution. Two *accounts*: pull may read,
push may do everything. The nodes use it as a *mirror*: images keep their upstream names, and each upstream is a path,
`registry.k8s.io/pause` is `<registry>/v2/registry.k8s.io/pause`.

- `secrets`      accounts and certificate: made once, read by who needs them
- `certificate`  the registry's certificate, and the authority that only signs it
- `client`       the registry's interface over HTTP
- `connect`      a client through a port-forward, which works with any cluster
- `mirror`       makes the nodes pull through the registry
- `collect`      garbage collection
- `health`       the layer's own check
"""

#: Where the registry is, in a cluster. The chart is released under this name.
NAMESPACE = "local-registry"
RELEASE = "registry"
POD = f"{RELEASE}-0"
PORT = 5000
#: The name that nodes and pods use, and that the certificate is for.
HOST = f"{RELEASE}.{NAMESPACE}.svc"
