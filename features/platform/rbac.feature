@layer:ethereum
Feature: Service accounts may do what they need and nothing else

  @req:PLAT-06.listed
  Scenario: Every service account of the layers has exactly the rights that are listed for it
    Then the rights of every service account of the layers are the listed ones:
      | service account          | may                                               |
      | ethereum/devnet-genesis  | create,get configmaps; create,get secrets         |
      | ethereum/snapshot-geth   | delete,get pods; get,update leases; create events |
      | ethereum/snapshot-prune  | list pods                                         |

  @req:PLAT-06.tried
  Scenario Outline: <account> may <verb> <resource>: <answer>
    When "<account>" tries to <verb> <resource> in "<namespace>"
    Then the API server's answer is "<answer>"

    # What a job may do to the pods and leases of its own node alone is denied for every other name.
    Examples: what the jobs are for, and what they must not do
      | account                 | verb   | resource     | namespace      | answer  |
      | ethereum/devnet-genesis | create | configmaps   | ethereum       | allowed |
      | ethereum/devnet-genesis | delete | configmaps   | ethereum       | denied  |
      | ethereum/devnet-genesis | list   | secrets      | ethereum       | denied  |
      | ethereum/devnet-genesis | create | configmaps   | local-registry | denied  |
      | ethereum/devnet-genesis | create | pods         | ethereum       | denied  |
      | ethereum/snapshot-geth  | delete | pods         | ethereum       | denied  |
      | ethereum/snapshot-geth  | list   | pods         | ethereum       | denied  |
      | ethereum/snapshot-geth  | create | pods         | ethereum       | denied  |
      | ethereum/snapshot-geth  | get    | secrets      | ethereum       | denied  |
      | ethereum/snapshot-prune | list   | pods         | ethereum       | allowed |
      | ethereum/snapshot-prune | delete | pods         | ethereum       | denied  |
      | ethereum/snapshot-prune | get    | secrets      | ethereum       | denied  |
      | ethereum/default        | list   | pods         | ethereum       | denied  |
      | ethereum/default        | get    | secrets      | ethereum       | denied  |
      | local-registry/default  | get    | secrets      | local-registry | denied  |
