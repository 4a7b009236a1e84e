@static
Feature: Serve nodes start from a snapshot, and come and go without a request lost

  Their volumes go with them, since a snapshot has what was in them; so what they start from, who may ask them, and how fast
  there are more or fewer of them is said in manifests.

  @req:NODE-07.static
  Scenario Outline: Serve nodes find what they start from, and are found: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                         |
      | serve_nodes_restore_first    |
      | restored_pods_can_be_asked   |
      | called_services_exist        |
      | serve_nodes_are_found        |
      | autoscalers_hear_of_the_load |
      | autoscalers_need_no_secrets  |

  @req:NODE-05.manifests
  Scenario: Serve nodes leave their Services before they stop
    Given everything that the charts can be asked for
    Then rule nodes_drain holds

  @req:NODE-06.spread
  Scenario Outline: More and fewer of them: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                                |
      | serve_nodes_are_replaced_one_by_one |
      | autoscalers_have_one_way_to_go      |
      | autoscalers_take_their_time         |

  @req:NODE-06.claims
  Scenario: Claims that go with their pods leave no volumes behind
    Given everything that the charts can be asked for
    Then rule passing_claims_leave_nothing holds

  @req:SEC-02.hardening
  Scenario Outline: Requests and the host have limits: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                    |
      | requests_have_limits    |
      | host_paths_have_reasons |
