"""Ethereum RPC on Kubernetes: deploy it, exercise it, certify it.

This package is the library and command line under the test harness; there is no pytest in it. A reader's map:

- `toolchain`    which binaries, which versions, where they come from; build, cache, verify
- `cluster`      places where the layers can run: an embedded Kubernetes, kind, an existing context
- `images`       container images: build, name, push into the cluster's registry
- `registry`     the cluster's registry: accounts, mirror, use, garbage collection
- `deploy`       helmfile layers: render, apply, wait for health, find drift, remove
- `chain`        JSON-RPC and Beacon clients, keys and transactions
- `probe`        the node probe: readiness and liveness decided from chain state; runs beside each node
- `trial`        what scenarios do to a live deployment: pods that try to connect, restarts, late nodes
- `certificate`  run record, evidence, requirement coverage, reports, verification

and of the small modules that all of them share:

- `environment`  `environments/<env>.yaml`, the one description of an environment that helmfile reads too
- `kube`         the Kubernetes API
- `process`      the one way to run another program
- `waiting`      the one way to wait
- `progress`     what a person sees while it takes long
- `errors`       what can go wrong, said to the operator
- `paths`        where state, caches and reports live
- `redact`       keeps secrets out of everything that is written down
"""

__version__ = "0.1.0"
