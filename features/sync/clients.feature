@layer:ethereum
Feature: Every execution client follows the chain

  One chart and one vocabulary deploy all clients; what is different is in their files. A client that an environment does not
  deploy is not tried there, and the reason is said.

  @req:NODE-01.<client> @needs:fast-chain
  Scenario Outline: <client> follows the chain beside its consensus client
    Given a sync node of <client> is deployed
    Then its head advances by 4 blocks
    And it has the same block at its head and at genesis as every other node
    And its probe says that it is ready
    And its metrics have the series that its file names, and count its head if there is one for that

    Examples:
      | client     |
      | geth       |
      | ethereumjs |
      | nethermind |
      | erigon     |
      | besu       |

  # The environments' Erigon is a release, whose files cannot be had everywhere. This one can: an earlier commit, compiled here.
  # It speaks eth/67 and eth/68, and geth eth/69 and later.
  @req:NODE-01.built-erigon @needs:fast-chain
  Scenario: Erigon 3.1.0-dev, built from source here, joins late and follows the chain
    When a node of Erigon as it is built here joins with empty volumes, EthereumJS its only execution peer
    Then it says that it is version 3.1.0-dev, which is not the one in the client table
    And it reaches the head, and has the same blocks as every other node at genesis, at its head and at a final height
    And it has the first block after genesis, which nobody but its execution peer can have given it
    And its probe says that it is ready
    And its metrics have the series that its file names, and count its head if there is one for that
    When its pod is deleted and a new one is ready
    Then it was stopped within its grace period and was not killed
    And it has the block that was final before, and follows the head again
