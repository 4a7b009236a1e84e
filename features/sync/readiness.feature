@layer:ethereum
Feature: Only a node that tells the truth about the head gets traffic

  Readiness is decided from chain state by the node probe beside each node, never by an open port. Liveness is another
  question: a node that lags must not be restarted, because that makes it lag more.

  @smoke @req:NODE-04.honest
  Scenario: Nodes that follow the chain are in service
    Then every sync node is an endpoint of its RPC service

  @req:NODE-04.<clause>
  Scenario Outline: A node that <lie> gets no traffic
    Given a scripted node that answers correctly is in service
    When it <lie>
    Then it is taken out of service within the readiness budget, with the reason "<reason>"
    And it was not restarted
    And it is back in service within the readiness budget after it answers correctly again

    Examples: lies of ethinfra/probe/testing/lies.py, in its words
      | clause         | lie                                                          | reason                |
      | head-frozen    | stops its head, in both clients, and keeps its ports open    | head-frozen           |
      | at-genesis     | says eth_syncing: false at block 0                           | at-genesis            |
      | wrong-chain    | follows another chain                                        | wrong-chain           |
      | no-peers       | has no peers                                                 | too-few-peers         |
      | consensus-down | has lost its consensus client                                | consensus-unreachable |
      | error-body     | answers HTTP 200 with an error in the body                   | execution-error       |
      | hung-socket    | accepts connections and never answers                        | execution-unreachable |
      | lagging        | follows its consensus client at a distance                   | behind-consensus      |

  @req:NODE-04.liveness
  Scenario: Lag takes a node out of service and never restarts it
    Given a scripted node that answers correctly is in service
    When it follows its consensus client at a distance
    Then it is taken out of service within the readiness budget, with the reason "behind-consensus"
    And none of its containers is restarted for longer than liveness would wait

  @req:NODE-04.consensus-frozen @disruptive @needs:freeze-process @needs:fast-chain
  Scenario: A node whose consensus client is frozen is out of service until it continues
    When the consensus client of a sync node of each client is frozen
    Then each of them is taken out of service within the readiness budget, with the reason "consensus-unreachable"
    And none of their containers is restarted
    And each is back in service within the readiness budget after its consensus client continues
