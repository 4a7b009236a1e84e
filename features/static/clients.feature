@static
Feature: Every client gets what its release understands

  Flags come from the client table (values/clients), and each must be one that the pinned release has: as it says itself where it
  can be asked here, else as recorded for that version.

  @req:NODE-01.flags
  Scenario Outline: Flags: <rule>
    Given everything that the charts can be asked for
    Then rule <rule> holds

    Examples: functions of ethinfra/deploy/rules
      | rule                                |
      | flags_are_the_clients_own           |
      | flags_of_the_table_exist            |
      | flag_lists_are_of_this_version      |
      | images_are_of_the_known_version     |
      | our_programs_understand_their_flags |

  @req:NODE-01.flags
  Scenario: Recorded flags are those that the programs themselves have
    Then every client that is built here says that it has the recorded flags, and no others
