@static
Feature: Secrets come from Secrets, and are nowhere else

  Secrets are made in the cluster or by its operator. Nothing that the project renders, keeps or ever kept holds one.

  @req:SEC-01.secrets
  Scenario: No manifest holds a secret
    Given everything that the charts can be asked for
    Then rule secrets_are_in_no_manifest holds

  @req:SEC-01.secrets
  Scenario Outline: <secret> in <place> of a manifest is found
    Given everything that the charts can be asked for
    When <secret> is planted in <place> of one of them
    Then it is found, with its kind and place and without the secret

    Examples:
      | secret        | place             |
      | a JWT secret  | a flag            |
      | a JWT secret  | the environment   |
      | a JWT secret  | a ConfigMap       |
      | a private key | a ConfigMap       |
      | a mnemonic    | the environment   |
      | a private key | a Secret's data   |
      | a JWT secret  | a Secret's data   |

  @req:SEC-01.secrets
  Scenario: No file of the project holds a secret
    Then no file that git knows or would take holds a secret

  @req:SEC-01.secrets
  Scenario: No commit ever held a secret
    Then nothing that was ever committed to any branch holds a secret
