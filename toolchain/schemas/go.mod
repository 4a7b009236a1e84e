module ethinfra.local/toolchain/schemas

go 1.26.0

// Nothing is compiled of these; they carry the documents that `families.py` lists.
require (
	github.com/prometheus-operator/prometheus-operator v0.85.0
	k8s.io/api v0.36.3
	k8s.io/kubernetes v1.36.3
)
