@layer:ethereum @needs:fast-chain
Feature: A node's restart loses nothing

  @req:NODE-05.clean @req:NODE-05.other-clients @disruptive
  Scenario: A sync node of each client stops cleanly, and continues the same chain
    Given the block that is final now on a sync node of each client
    When the pods of these nodes are deleted and new ones are ready
    Then each was stopped within its grace period and was not killed
    And no log shows an unclean shutdown
    And each has the block that was final before
    And each follows the head again
