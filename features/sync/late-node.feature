@layer:ethereum @needs:fast-chain
Feature: A node that starts late catches up

  The network must be able to hand its chain to a newcomer. A node with an empty volume starts when the chain is longer
  than snap sync's margin, so it has to fetch from its peers what its consensus client never saw.

  @long-chain @req:NODE-02.full-sync @req:NODE-02.snap-sync
  Scenario: Late nodes reach the same head hash by full sync and by snap sync
    Given a chain of more than 150 blocks with transactions in it
    When a node with an empty volume joins by "full" sync and another by "snap" sync
    Then both reach the head and have the same block hash as the sync nodes
    And both got the old blocks from their execution peers
    And the state before its pivot is there on the "full" node and missing on the "snap" node

  @long-chain @req:NODE-02.devp2p-needed @needs:network-policy
  Scenario: Without devp2p a late node stays behind
    Given a chain of more than 150 blocks
    When a node with an empty volume joins by "full" sync and is cut off from execution peers
    Then it does not reach the head within 30 seconds
