"""Places where the layers can run.

A *provider* boots or finds a *cluster*; a cluster has *nodes* and *capabilities*. Callers ask for capabilities, never
for the provider's name.

- `provider`   the interface and its nouns
- `select`     the provider that an environment asks for
- `embedded`   upstream Kubernetes, booted by this project on one Linux machine
- `kind`       Kubernetes in Docker, where Docker runs
- `context`    an existing kubeconfig context from the environment's allow-list
"""
