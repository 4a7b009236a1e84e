@layer:ethereum @needs:fast-chain
Feature: A synced node's data becomes a verified artifact in the registry

  A new node that has to fetch the whole chain is ready in hours or days. So a node's data is kept in the registry; what is kept
  must be of one moment, must say what it is of, and must have started a node before anybody relies on it.

  @smoke @req:SNAP-01.consistent @req:SNAP-01.described @req:SNAP-04.restore-test @disruptive
  Scenario: A snapshot of a live node is of one moment, says what it is, and is promoted after a node has started from it
    When a snapshot of a geth node is taken
    Then it is promoted, and it is what "latest" means
    And it names the client, version, network, genesis, block, state root, database scheme and owner of the node's data
    And the node was stopped cleanly, and was down no longer than the snapshot's limit
    And the node follows the head again, and has the recorded block

  @snapshot @req:SNAP-01.consistent
  Scenario: A node that has nothing but the snapshot starts at the recorded block, without a repair
    Given a promoted snapshot of a geth node
    When a geth without peers is started on what is restored from it
    Then its head is the recorded block, with the recorded hash and state root
    And its log shows no repair of the database

  @req:SNAP-01.scheduled @disruptive
  Scenario: It is taken on schedule
    When the schedule of a node's snapshots is every minute
    Then a snapshot is taken that nobody asked for

  @req:SNAP-01.others @disruptive
  Scenario: While one replica is held for its snapshot, the Service answers through the other
    When a snapshot of a geth node is taken while clients ask the Service of that node for its head
    Then every one of their requests was answered

  @snapshot @req:SNAP-04.restore-test @disruptive
  Scenario Outline: What does not start a node is not promoted: <loss>
    Given a promoted snapshot of a geth node
    When a snapshot is taken, and <loss> before a node is started from it
    Then it is not promoted, and the reason is said
    And "latest" is what it was before

    Examples:
      | loss                              |
      | all of its data is lost           |
      | its newest table loses its end    |

  @req:SNAP-06.exclusive @disruptive
  Scenario: Two jobs never run on one volume
    When two jobs for snapshots of one node are started at the same moment
    Then one of them takes a snapshot, and the other one says who holds the volume

  @req:SNAP-06.credentials
  Scenario: Only the job that pushes has an account that may
    Then every account for the registry that a pod of the layer has comes from a Secret
    And only the pods that push or prune snapshots have the push account's
