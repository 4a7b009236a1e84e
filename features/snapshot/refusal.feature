@layer:ethereum @needs:fast-chain @snapshot
Feature: A bad snapshot is refused with its reason

  Whatever went wrong on the way, a node must not start on data that is not what was recorded. Every byte is compared with its
  digest before it counts, and the mark that a restore is complete is written last.

  Scenario Outline: A snapshot with <fault> is refused, and the one before it is used
    Given two promoted snapshots with the data of a geth node, in a repository of their own
    When the newer one has <fault>, and an empty volume is restored
    Then the newer one is refused because of "<reason>"
    And the volume holds the older one, whole

    @req:SNAP-03.damaged @req:SNAP-03.fallback
    Examples: damage
      | fault              | reason         |
      | a truncated chunk  | damaged chunk  |
      | a flipped bit      | damaged chunk  |
      | two chunks swapped | damaged chunk  |
      | a wrong digest     | damaged chunk  |
      | a missing chunk    | is incomplete  |

    @req:SNAP-03.foreign @req:SNAP-03.fallback
    Examples: not for this node
      | fault                   | reason          |
      | another network         | network:        |
      | another genesis         | genesis:        |
      | another chain id        | chain id:       |
      | another client          | client:         |
      | an older schema         | database schema |
      | another database scheme | database scheme |
      | another owner           | wrong owner     |
      | an unknown format       | schemaVersion   |
      | a path out of the volume | does not lead straight into the directory |

  @req:SNAP-03.damaged @req:SERVE-01.ready-at-head
  Scenario: No node gets ready on bad data
    Given two promoted snapshots with the data of a geth node, in a repository of their own
    When both have a flipped bit, and a serve node is started from there
    Then none of its clients is started, and its pod says why

  @req:SNAP-03.marker @req:SNAP-03.resumed
  Scenario: The mark of a complete restore is written last
    Given two promoted snapshots with the data of a geth node, in a repository of their own
    When a restore of the newer one is killed after half of its bytes
    Then the volume has no mark, and no client is started on it
    When the restore is started again
    Then it goes on where it was
    And the volume holds the newer one, whole
