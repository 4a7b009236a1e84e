@layer:local-registry
Feature: The cluster is real

  Everything else is only as true as the cluster that it was tried on.

  @smoke @req:PLAT-08.real
  Scenario: The cluster is upstream Kubernetes with working nodes, names and metrics
    Then every node is Ready
    And a pod resolves the name of the API server's service
    And the metrics API reports the usage of every node

  @req:PLAT-08.several-nodes @needs:multi-node
  Scenario: Pods on different nodes reach each other
    Then a pod on each node reaches a pod on every other node

  @smoke @req:PLAT-08.real @needs:embedded
  Scenario: The control plane is the one that the toolchain built
    Then the API server reports the version of the toolchain

  @smoke @req:PLAT-08.embedded @needs:embedded
  Scenario: The machine carries one link of the cluster and none of its rules
    Then this machine has one network link of the cluster and no packet filter rule of it

  @req:PLAT-09.verified
  Scenario: Every binary of the toolchain is the one that was recorded when it was built
    Then every installed tool has its recorded digest
