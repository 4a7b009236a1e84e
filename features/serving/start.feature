@layer:ethereum @needs:fast-chain @snapshot
Feature: A serve node starts from a snapshot and turns ready at the head

  A replica that is asked for now must help now. So it takes its data from the newest snapshot, follows the chain for the time that
  has passed since, and gets traffic when its answers are those of everybody else.

  @smoke @req:SERVE-01.restore @req:SERVE-01.ready-at-head
  Scenario: A serve node has its data from the newest snapshot, and is ready at the head only
    Given a promoted snapshot of a geth node
    When a serve node is started, the chain being ahead of the snapshot
    Then it was restored from the newest promoted snapshot
    And it was not ready before it had caught up
    And it has the same blocks as every other node at genesis, at the recorded block and at its head

  @req:SERVE-01.difference @req:SERVE-03.agree
  Scenario: A second serve node fetches nothing that the first one fetched, and gives the same answers
    Given a serve node that has started
    When another one is started on the same Kubernetes node
    Then its restore fetched nothing from the registry
    And both give the same blocks, receipts, balances and logs as the sync nodes at a final block
