"""`python -m ethinfra` is `ethinfra`."""

from ethinfra.cli import main

if __name__ == "__main__":
    main()
