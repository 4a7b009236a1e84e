@layer:local-registry @needs:dynamic-volumes
Feature: Volumes keep what was written

  @req:PLAT-04.classes
  Scenario: Storage classes state what happens to data and whether volumes can grow
    Then there are storage classes for chain data, snapshots and monitoring
    And each of them states its reclaim policy, its binding mode and whether volumes can grow

  @smoke @req:PLAT-04.survives
  Scenario Outline: What a pod wrote to a <class> volume is there after the pod was replaced
    Given a pod has written a random value to a claim of class "<class>"
    When the pod is deleted and another one mounts the claim
    Then the other pod reads the same value

    Examples:
      | class      |
      | chain-data |
      | snapshots  |
      | monitoring |
