@static
Feature: Every image is made to one standard, and its origin is known

  Also of images that cannot be built on this machine: a recipe is read, and compared with what the client table says of the
  programs in it. The rules are functions of ethinfra/images/standard.py.

  @req:<requirement>
  Scenario Outline: The recipe of <image> keeps to the standard and to the client table
    Given the recipe of "<image>"
    Then it keeps to every rule of the standard
    And its ports, command, health check and stop signal are those of the client table
    And everything that it is made of is pinned

    Examples: of each client
      | requirement        | image              |
      | IMG-01.geth        | geth               |
      | IMG-01.prysm       | prysm-beacon-chain |
      | IMG-01.prysm       | prysm-validator    |
      | IMG-01.prysm       | prysmctl           |
      | IMG-01.nethermind  | nethermind         |
      | IMG-01.erigon      | erigon             |
      | IMG-01.besu        | besu               |
      | IMG-01.ethereumjs  | ethereumjs         |
      | IMG-01.lighthouse  | lighthouse         |
      | IMG-01.teku        | teku               |

  @req:<requirement>
  Scenario Outline: Every image: <rule>
    Then rule <rule> of the standard holds for every recipe

    Examples: functions of ethinfra/images/standard.py
      | requirement        | rule                   |
      | IMG-01.pinned-base | base_is_pinned         |
      | IMG-01.pinned-base | files_are_prepared     |
      | IMG-01.hardened    | user_is_nobody         |
      | IMG-01.hardened    | no_shell_is_kept       |
      | IMG-01.hardened    | commands_need_no_shell |
      | IMG-01.signals     | stop_signal_is_stated  |
      | IMG-01.signals     | health_can_be_asked    |
      | IMG-01.signals     | labels_tell_the_origin |

  @req:IMG-02.probe
  Scenario: The node probe's image is of the same standard
    Given the recipe of "node-probe"
    Then it keeps to every rule of the standard
    And everything that it is made of is pinned

  @req:IMG-02.snapshot-builder
  Scenario: The snapshot builder's image is of the same standard
    Given the recipe of "snapshot-builder"
    Then it keeps to every rule of the standard
    And everything that it is made of is pinned

  @req:SEC-01.digests
  Scenario: Production runs every image by its digest
    Given everything that the charts can be asked for
    Then every image in production has the digest that the image locks know for it
    And the image locks know the digest of each

  @req:SEC-01.supply-chain
  Scenario: The origin of every image is listed
    Given everything that the charts can be asked for
    Then every image in any environment is one of the catalogue
    And each has its source, its licences and the list of what it is made of
