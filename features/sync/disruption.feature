@layer:ethereum @needs:fast-chain
Feature: Voluntary disruptions leave a node in service

  Drains and upgrades of the cluster ask for pods one by one. A disruption budget lets them go on, and never takes the last
  replica that is ready.

  @req:NODE-06.budgets @disruptive
  Scenario: An eviction is held back until the replica that was evicted before is replaced and ready
    When two replicas of a sync node are evicted, one after the other
    Then the eviction of the second was refused by the disruption budget until the successor of the first was ready
    And both have successors that are ready and follow the head
