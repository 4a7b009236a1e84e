@layer:ethereum @needs:fast-chain @disruptive @snapshot
Feature: The fleet scales with its load, and no client notices

  Replicas that come must give more answers, and those that go must cost none. In the scenarios about a scaler, the CPU limit of a
  replica is what it cannot exceed; a machine that is used up before the replicas are shows nothing, and the run is INVALID.

  @req:SERVE-03.churn @req:SERVE-03.no-step-back @req:SERVE-02.scale-down
  Scenario: From one replica to three and back under load
    Given a fleet of one serve node
    And clients that ask it all the time and compare every answer
    When the fleet grows to 3 replicas, and shrinks to 1 again after all of them were asked
    Then no answer was wrong, and no request failed
    And no client saw the head go back by more than the bound

  @req:SERVE-02.triggers @req:SERVE-02.scale-up @req:SERVE-02.scale-down @needs:external-metrics
  Scenario: Load raises the number of replicas by the RPC rate, and idling lowers it
    Given a fleet of one serve node, which a scaler enlarges by its RPC rate
    When clients ask more of it than one replica can give
    Then the scaler adds a replica because of its RPC rate
    And more verified answers are given each second than before
    When the clients stop asking
    Then the scaler takes the replica away again
    And no answer was wrong, and no request failed

  @req:SERVE-02.triggers @needs:external-metrics
  Scenario: Load raises the number of replicas by CPU
    Given a fleet of one serve node, which a scaler enlarges by its CPU
    When clients ask more of it than one replica can give
    Then the scaler adds a replica because of its CPU
