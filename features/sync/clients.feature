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
