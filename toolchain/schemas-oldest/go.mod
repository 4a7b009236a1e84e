module ethinfra.local/toolchain/schemas-oldest

go 1.26.0

// The oldest Kubernetes that the charts support: with v1.36 as the newest, nodes may be three minor versions behind
// (kubernetes.io, version skew policy). Whatever the charts use is stable in it: claim retention of StatefulSets
// since 1.32, sidecars in initContainers since 1.33. `kubeVersion` of every chart says the same.
require (
	k8s.io/api v0.33.0
	k8s.io/kubernetes v1.33.0
)
