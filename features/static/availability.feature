@static
Feature: What keeps data, and what may be taken away

  Chain data is on claims whose fate is said, drains go on and never take all replicas, and where something scales by itself
  nobody else says how many there are.

  @req:NODE-06.claims
  Scenario Outline: Data: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                    |
      | chain_data_is_on_claims |
      | storage_classes_exist   |

  @req:NODE-06.spread
  Scenario Outline: Replicas: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                                   |
      | replicas_avoid_each_other              |
      | disruptions_are_budgeted               |
      | nodes_start_side_by_side               |
      | autoscaled_workloads_state_no_replicas |
      | autoscalers_know_what_is_used          |
