@layer:local-registry
Feature: Images are built, listed, scanned and pushed by one command

  Whoever runs an image of ours can tell what is in it, build it again and compare, and nobody finds a secret there. Images
  of upstream's releases are looked at where somebody has built them; the evidence names those that are not here, and why.

  @req:IMG-03.build-push
  Scenario: A pushed image is there by its version and by its commit, and is pulled as it was built
    When the image "pause" is pushed to the registry by the project's command
    Then the registry has it by its version, and by its version and commit
    And every byte that is pulled by either tag is that of the build

  @req:IMG-03.reproducible
  Scenario Outline: <image>, built again in another place, is the same
    When the image "<image>" is built again in another folder, with another cache and umask
    Then its digest is that of the first build

    Examples: of our C, of Debian's packages, of our Python
      | image      |
      | pause      |
      | busybox    |
      | node-probe |

  @req:IMG-03.scan
  Scenario: No image holds a secret
    Given every image that is built here
    Then none of them holds a secret

  @req:IMG-03.scan
  Scenario Outline: <secret> beside a recipe stops the build
    When an image is built with <secret> beside its recipe
    Then the build is refused, with the secret's kind and place and without the secret

    Examples:
      | secret        |
      | a JWT secret  |
      | a private key |
      | a mnemonic    |

  @req:IMG-03.sbom @req:SEC-01.supply-chain
  Scenario: Every image has a bill of materials, and no package in it is unpinned
    Given every image that is built here
    Then the bill of materials of each is valid, and names its version and its digest
    And every package in them is one that the toolchain's locks have

  @req:IMG-01.hardened @req:IMG-01.signals @req:IMG-02.probe @req:IMG-02.snapshot-builder
  Scenario: What is built is what its recipe says, and gives nobody a shell or more rights
    Given every image that is built here
    Then each runs, stops and is labelled as its recipe says
    And none of them has a shell without a reason, a program with its owner's rights, or a device
