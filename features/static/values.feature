@static
Feature: Values that nobody can mean are refused

  A misspelt key that is ignored, or a contradiction that two parts of a manifest settle differently, shows itself weeks later
  as a node that is not what its operator asked for. So each is refused before anything is rendered, at its path and with the
  reason; and what the charts take is written down in one place, docs/values.md.

  @req:NODE-01.values
  Scenario Outline: Unknown keys are refused at every level of <chart>
    Given the values of the chart <chart>
    When every map has a key that nobody knows
    Then helm refuses each of them with its path

    Examples:
      | chart                   |
      | ethereum-infrastructure |
      | infrastructure          |
      | registry                |

  @req:NODE-01.values
  Scenario Outline: Values of a wrong type are refused at every key of <chart>
    Given the values of the chart <chart>
    When every key has a value of a type that it cannot have
    Then helm refuses each of them with its path

    Examples:
      | chart                   |
      | ethereum-infrastructure |
      | infrastructure          |
      | registry                |

  @req:NODE-01.values
  Scenario Outline: Whoever names a value of <chart> means the same keys
    Given the values of the chart <chart>
    Then its schema, its defaults, its templates and the documented table have the same keys

    Examples:
      | chart                   |
      | ethereum-infrastructure |
      | infrastructure          |
      | registry                |

  @req:NODE-01.values
  Scenario: The documented table is up to date
    Then the documented table says what schema and defaults say

  @req:NODE-01.values
  Scenario Outline: Refused: <mistake>
    Given a sync node of geth and Prysm on the devnet
    When its values have <mistake>
    Then they are refused at <path>, because <reason>

    Examples: the node
      | mistake                                                | path                                                            | reason                                                       |
      | a JWT secret that is given and generated               | sync.nodes[node].jwt                                            | generate and existingSecret exclude each other               |
      | a JWT secret that is neither given nor generated       | sync.nodes[node].jwt                                            | existingSecret.key must name the Secret                      |
      | two nodes of one name                                  | sync.nodes                                                      | two nodes are named "node"                                   |
      | no node                                                | sync.nodes                                                      | empty; name at least one node                                |
      | a client that nobody knows                             | sync.nodes[node].execution.client                               | no client "parity"; known: besu, erigon                      |
      | an execution client in the place of a consensus client | sync.nodes[node].consensus.client                               | client "geth" has no program for "consensus"                 |
      | two consensus clients on one execution client          | sync/nodes/0/consensus/client                                   | got array, want string                                       |
      | a sync mode that the client lacks                      | sync.nodes[node].execution.syncMode                             | geth has no "light"; it has archive, full, snap              |
      | less time to stop than the client needs                | sync.nodes[node].gracePeriodSeconds                             | 30 is less than the 120 that clients.geth.execution may need |
      | an option that the client lacks                        | sync.nodes[node].execution.options                              | geth has no option "tls"                                     |
      | an option without its files                            | sync.nodes[node].execution.options.permissioning.from           | name the configMap that holds permissions.toml               |
      | an option without a setting                            | sync.nodes[node].execution.options.hostAllowList.settings.hosts | missing; say what it is                                      |

    Examples: the network
      | mistake                                               | path                              | reason                                                         |
      | a network that exists and is made here                | network devnet                    | a network that is made here has no preset                      |
      | another chain id than its execution genesis           | network devnet                    | chainId is 5, and genesis.execution.config.chainId 32382       |
      | another chain id than its consensus side              | network devnet                    | chainId is 32382, and genesis.beaconConfig.DEPOSIT_CHAIN_ID 5  |
      | other seconds per slot than its consensus side        | network devnet                    | slotSeconds is 12, and genesis.beaconConfig.SECONDS_PER_SLOT 2 |
      | another deposit contract than its consensus side      | network devnet                    | and genesis.beaconConfig.DEPOSIT_CONTRACT_ADDRESS 0x4343       |
      | no constants of the consensus side                    | network devnet                    | genesis.beaconConfig is empty                                  |
      | no preset among the constants of the consensus side   | network devnet                    | genesis.beaconConfig.PRESET_BASE is missing                    |
      | no execution genesis                                  | network devnet                    | genesis.execution is empty                                     |
      | a genesis tool that is none                           | network.genesis.tool              | client "geth" has no program for "genesis"                     |
      | a network that exists, and nobody to join it by       | network devnet                    | bootnodes.execution is empty                                   |
      | a genesis state of unknown digest                     | network devnet                    | genesis.state.sha256 is empty                                  |
      | slots per epoch that the consensus client cannot have | sync.nodes[node].consensus.client | network devnet has 6 slots per epoch, and lighthouse can have  |
      | a genesis in a form that the client does not read     | sync.nodes[node].execution.client | nethermind reads its genesis in the format "chainspec"         |
      | a fork that is newer than the client                  | sync.nodes[node].execution.client | network devnet has the fork "heze", and geth                   |

    Examples: snapshots
      | mistake                                               | path                                                | reason                                       |
      | a snapshot of an ephemeral volume                     | serve.nodes[serve].snapshots.enabled                | what goes with the pod is not worth one      |
      | a snapshot of the only replica, and nothing said      | sync.nodes[node].snapshots.allowDowntime            | every snapshot stops the only one            |
      | a snapshot of nobody                                  | sync.nodes[node].snapshots.enabled                  | there is nobody to take a snapshot of        |
      | a snapshot by the storage without a class             | sync.nodes[node].snapshots.volumeSnapshot.className | needs a VolumeSnapshotClass                  |
      | a class for snapshots that the storage has no part in | sync.nodes[node].snapshots.volumeSnapshot.className | the method is reflink                        |
      | a snapshot of a node that does not tell its release   | sync.nodes[node].rpc.namespaces                     | web3 is not among them                       |
      | chunks that no file system can share                  | sync/nodes/0/snapshots/chunkSize                    | multipleOf: got 1×10⁰⁶, want 4,096           |
      | a job that ends before its steps                      | sync.nodes[node].snapshots.deadlines.job            | less than stop, start and test take together |
      | a job that does not wait for the client to stop       | sync.nodes[node].snapshots.deadlines.stop           | give a pod to end                            |

    Examples: serve nodes
      | mistake                                            | path                                       | reason                                            |
      | a serve node from nobody                           | serve.nodes[serve].from                    | no sync node is named "late"; sync.nodes has node |
      | a serve node of another client than its source     | serve.nodes[serve].from                    | node runs geth, and this node besu                |
      | a serve node with another database than its source | serve.nodes[serve].execution               | the database of node is of another kind           |
      | snapshots of unlike databases in one repository    | sync.nodes[archive].snapshots.enabled      | is of another kind than that of                   |
      | two opinions on what is kept in one repository     | sync.nodes[keeper].snapshots.retention     | for the same snapshots in                         |
      | a serve node that waits for snapshots of nobody    | serve.nodes[serve].restore.required        | no snapshots are taken of node                    |
      | a serve node with the name of a sync node          | serve.nodes                                | another node is named "node"                      |
      | more replicas at least than at most                | serve.nodes[serve].autoscaling.minReplicas | 9 is above maxReplicas                            |
      | scaling by requests that the client does not count | serve.nodes[serve].autoscaling.keda        | ethereumjs has no series that counts requests     |
      | a rollout that can never begin                     | serve.nodes[serve].rollout                 | nothing can ever be replaced                      |

  @req:NODE-01.values
  Scenario: Clients that cannot follow a network are refused, and only those
    Given every execution client with every consensus client on every network
    Then those that cannot follow it are refused with client and network, and no others
