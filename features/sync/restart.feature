@layer:ethereum @needs:fast-chain
Feature: A node's restart loses nothing

  @req:NODE-05.clean @disruptive
  Scenario: A sync node stops cleanly, and continues the same chain
    Given the block that is final now on a sync node
    When that sync node's pod is deleted and a new one is ready
    Then it was stopped within its grace period and was not killed
    And its log shows no unclean shutdown
    And it has the block that was final before
    And it follows the head again
