@layer:ethereum
Feature: Only a node that tells the truth about the head gets traffic

  Readiness is decided from chain state by the node probe beside each node, never by an open port. Liveness is another
  question: a node that lags must not be restarted, because that makes it lag more.

  @smoke @req:NODE-04.honest
  Scenario: Nodes that follow the chain are in service
    Then every sync node is an endpoint of its RPC service

  @req:NODE-04.lies
  Scenario Outline: A node that <lie> gets no traffic
    Given a scripted node that answers correctly is in service
    When it <lie>
    Then it is taken out of service within the readiness budget, with the reason "<reason>"
    And it was not restarted
    And it is back in service within the readiness budget after it answers correctly again

    Examples: lies
      | lie                                         | reason                  |
      | keeps its head where it is                  | head-stale              |
      | claims to be synced at block 0              | at-genesis              |
      | follows another chain                       | wrong-chain             |
      | loses all its peers                         | too-few-peers           |
      | loses its consensus client                  | consensus-unreachable   |
      | answers HTTP 200 with an error body         | execution-error         |
      | accepts connections and never answers       | execution-unreachable   |

  @req:NODE-04.consensus-frozen @disruptive @needs:freeze-process @needs:fast-chain
  Scenario: A node whose consensus client is frozen is out of service until it continues
    When the consensus client of a sync node is frozen
    Then that sync node is taken out of service within the readiness budget, with the reason "consensus-unreachable"
    And none of its containers is restarted
    And it is back in service within the readiness budget after the consensus client continues
