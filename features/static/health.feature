@static
Feature: Health is asked of the chain, and a stop takes its time

  Readiness depends on the state of the chain, liveness never on how far behind a node is, and nobody is killed while it writes.

  @req:NODE-04.manifests
  Scenario Outline: Probes fit the clients: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                          |
      | health_is_the_probes_verdict  |
      | probes_ask_what_is_answered   |
      | probes_find_their_tools       |
      | probes_ask_declared_ports     |
      | clients_have_time_to_start    |
      | only_the_silent_are_restarted |

  @req:NODE-05.manifests
  Scenario Outline: Stopping: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                           |
      | clients_get_their_time_to_stop |
      | shells_hand_over               |
