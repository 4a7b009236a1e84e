@static
Feature: Snapshots are taken by jobs that may do little, and of nodes that wait for them

  A job stops a client, copies its data and lets it start again; it is told what the table of clients knows, it promotes
  nothing that no node has started from, and two of them never meet.

  @req:SNAP-06.exclusive
  Scenario Outline: One at a time: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                             |
      | snapshot_jobs_never_overlap      |
      | snapshot_jobs_have_time          |
      | nodes_wait_while_they_are_copied |
      | claims_exist                     |

  @req:SNAP-06.rights
  Scenario: Jobs touch nothing but their own node
    Given everything that the charts can be asked for
    Then rule snapshot_jobs_have_few_rights holds

  @req:SNAP-06.credentials
  Scenario: Who only pulls cannot push
    Given everything that the charts can be asked for
    Then rule registry_credentials_are_given_out_sparingly holds

  @req:NODE-07.static
  Scenario Outline: What jobs are told and what they do is what the clients need: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                                    |
      | plans_say_what_is_so                    |
      | snapshots_are_tested_before_they_count  |
      | snapshot_jobs_fail_by_their_steps_alone |
      | restore_tests_meet_nobody               |
