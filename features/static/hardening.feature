@static
Feature: No manifest asks for more than it needs

  Pod Security "restricted" and what goes beyond it, for every container of every rendering, also of what is off by default.

  @req:SEC-02.hardening @req:SEC-01.privileges
  Scenario Outline: Containers are hardened: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                                 |
      | containers_run_as_non_root           |
      | root_file_systems_are_read_only      |
      | privileges_do_not_grow               |
      | capabilities_are_dropped             |
      | system_calls_are_filtered            |
      | pods_stay_off_the_host               |
      | services_stay_out_of_the_environment |
      | writable_places_are_bounded          |
      | paths_are_mounted                    |

  @req:SEC-02.hardening @req:NODE-06.resources
  Scenario Outline: Resources are stated, and are enough: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                         |
      | resources_are_stated         |
      | caches_fit_in_memory         |
      | quotas_hold_what_is_rendered |
      | namespaces_have_limits       |

  @req:SEC-02.hardening
  Scenario Outline: Images and secrets are named exactly: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                       |
      | images_are_named_exactly   |
      | secrets_are_in_no_manifest |

  @req:SEC-02.hardening
  Scenario Outline: Rights and ways in are somebody's decision: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                               |
      | tokens_are_where_rights_are        |
      | roles_name_what_they_grant         |
      | bindings_lead_to_roles             |
      | namespaces_enforce_pod_security    |
      | namespaces_deny_by_default         |
      | policies_select_pods               |
      | policies_admit_to_ports_that_exist |
      | policies_name_whom_they_admit      |
      | policies_have_no_empty_lists       |
      | peers_may_call_each_other          |
      | users_get_no_administration        |
