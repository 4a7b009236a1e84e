@layer:ethereum @needs:fast-chain @snapshot
Feature: Old snapshots go, and never one that is needed

  @req:SNAP-05.retention @req:SNAP-05.in-use
  Scenario: Retention by count
    Given five promoted snapshots, of which the oldest is pinned and the second oldest is what a running pod was restored from
    When snapshots are pruned to the newest two
    Then the newest two, the pinned one and the one in use are there, and the other is gone
    And each of those that are there is restored, whole

  @req:SNAP-05.retention
  Scenario: Retention by age
    Given five promoted snapshots, of which the oldest is pinned and the second oldest is what a running pod was restored from
    When snapshots are pruned to the newest one and those that are younger than the middle one
    Then the newest two, the pinned one and the one in use are there, and the other is gone

  @req:SNAP-05.dry-run
  Scenario: What would go is shown first
    Given five promoted snapshots, of which the oldest is pinned and the second oldest is what a running pod was restored from
    When somebody asks what pruning to the newest two would remove
    Then it names the one that would go, and nothing is removed

  @req:SNAP-05.in-use
  Scenario: Nothing goes while a pod does not say what it was restored from
    Given five promoted snapshots, of which the oldest is pinned and the second oldest is what a running pod was restored from
    When snapshots are pruned to the newest two while a pod that was restored does not answer
    Then nothing is removed, and the pod is named

  @req:SNAP-05.space @disruptive
  Scenario: Space is given back, and a push in between loses nothing
    Given five promoted snapshots, of which the oldest is pinned and the second oldest is what a running pod was restored from
    When snapshots are pruned to the newest two, and garbage is collected while another snapshot is pushed
    Then what only the removed one needed is gone from the registry's volume
    And each of those that are there is restored, whole
    And the snapshot that was pushed meanwhile is whole
