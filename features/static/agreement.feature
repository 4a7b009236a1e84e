@static
Feature: Objects, flags and clients agree with each other

  A port is opened by a flag, declared by a container, led to by a Service, let in by a policy, asked by a probe and scraped by a
  monitor. Whatever names one of them must name it as the others do.

  @req:NODE-07.static
  Scenario Outline: Ports: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                          |
      | declared_ports_are_opened     |
      | opened_ports_are_declared     |
      | ports_are_opened_once         |
      | services_lead_to_ports        |
      | services_are_let_in           |
      | only_ready_nodes_answer_users |
      | sync_nodes_are_found          |

  @req:NODE-07.static
  Scenario Outline: The two clients of a node: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                        |
      | calls_inside_the_pod_arrive |
      | engine_listens_on_loopback  |
      | nothing_leads_to_the_engine |
      | jwt_lives_in_memory         |
      | nodes_name_their_clients    |

  @req:NODE-07.monitors
  Scenario Outline: Monitors: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                     |
      | monitors_lead_to_metrics |
      | metrics_are_scraped_once |

  @req:NODE-07.static
  Scenario Outline: Objects find each other: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                            |
      | objects_are_unique              |
      | workloads_select_their_own_pods |
      | pods_find_what_they_mount       |
      | priorities_exist                |
