module ethinfra.local/toolchain/schemas

go 1.26.0

// Nothing is compiled of these; they carry the documents that `families.py` lists.
require (
	github.com/kedacore/keda/v2 v2.21.0
	github.com/kubernetes-csi/external-snapshotter/client/v8 v8.7.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	k8s.io/api v0.36.3
	k8s.io/kubernetes v1.36.3
)
