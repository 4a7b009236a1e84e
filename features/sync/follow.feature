@layer:ethereum
Feature: Sync nodes follow the chain

  A sync node joins its network by devp2p, imports what is proposed there and agrees with every other node on it.

  @smoke @req:NODE-02.follows @req:NODE-08.devnet @needs:fast-chain
  Scenario: Blocks advance and finalize on every node
    Then every node's head advances by 4 blocks
    And every node finalizes a block after the one that is final now

  @smoke @req:NODE-02.devp2p
  Scenario: Sync nodes peer by devp2p
    Then every sync node has an execution peer and a consensus peer
    And every execution peer of a sync node is another node of this network

  @smoke @req:NODE-02.transaction @needs:fast-chain
  Scenario: A transaction sent to one node of each client is seen with the same receipt on all
    When a funded account sends 1 wei through a sync node of each client
    Then every node reports the same successful receipt for it

  @req:NODE-02.agreement @needs:fast-chain
  Scenario: Heads stay together and never contradict each other
    When the heads of all nodes are watched for 60 seconds
    Then the heads were never further apart than the budget
    And no two nodes ever had different blocks at the same final height

  @req:NODE-03.generated @req:NODE-03.nowhere-else @needs:node-shell
  Scenario: The JWT secret is made in the pod and is nowhere else
    Then every pod of the layer has a JWT secret of its own in memory
    And no value, manifest, log or Secret of the layer contains it

  @smoke @req:NODE-03.engine-closed
  Scenario: The Engine API answers nobody but the consensus client of its own pod
    Then the Engine API answers inside every sync node's pod and asks for its token
    And the Engine API of no sync node is reached from an admitted pod or a peer
    And no service leads to the Engine API

  @smoke @req:NODE-03.engine-closed @needs:node-shell
  Scenario: Not even the Kubernetes node reaches the Engine API of the pods on it
    Then the Kubernetes node of each sync node reaches the node's probe and not its Engine API

  @req:NODE-07.services
  Scenario: Services lead to the ports that the containers serve
    Then every port of every service of the layer is answered by each ready endpoint behind it
