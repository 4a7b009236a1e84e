@layer:ethereum @needs:fast-chain @disruptive @snapshot
Feature: A snapshot that is interrupted costs nothing

  Jobs are killed, registries restart and disks fill up. Nothing that is half done may be visible, the node must run again, and the
  next attempt must finish what the last one began.

  @req:SNAP-05.failed-run
  Scenario Outline: A job that is killed in phase "<phase>" leaves the last good snapshot, and the node runs again
    Given a promoted snapshot of a geth node
    When the job of another snapshot is killed in phase "<phase>"
    Then the node is ready again without anybody's help
    And "latest" is a whole snapshot
    And the next attempt finishes

    Examples:
      | phase   |
      | stop    |
      | copy    |
      | start   |
      | push    |
      | restore |
      | promote |

  @req:SNAP-05.registry
  Scenario: The registry goes down while a snapshot is pushed
    When the registry is stopped while a snapshot is pushed, and started again
    Then the same job finishes, and its snapshot is promoted

  @req:SNAP-03.away
  Scenario: The registry goes down during a restore
    Given two promoted snapshots with the data of a geth node, in a repository of their own
    When the registry is stopped during a restore, and started again
    Then the volume holds the newer one, whole

  @req:SNAP-03.away @req:SNAP-03.resumed
  Scenario: The registry stays away during a restore
    Given two promoted snapshots with the data of a geth node, in a repository of their own
    When the registry is stopped during a restore, and is away for longer than the restore waits
    Then the restore fails and says that the registry does not answer
    And the volume has no mark, and no client is started on it
    When the restore is started again
    Then it goes on where it was
    And the volume holds the newer one, whole

  @req:SNAP-03.disk-full
  Scenario: The disk is full during a restore
    Given two promoted snapshots with the data of a geth node, in a repository of their own
    When the newer one is restored to a volume that is smaller than it
    Then the restore fails and says how many bytes are missing
    And the volume has no mark, and no client is started on it

  @req:SNAP-05.registry @req:REG-03.full
  Scenario: The registry is full
    Given a registry with little room, and a snapshot in it
    When the data of a geth node is pushed to it, which is more than it has room for
    Then the push fails and says that the registry has no room
    And the snapshot that was there is still restored from it, whole
