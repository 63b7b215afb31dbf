"""`python -m bypuls.cli`: the same as `bypuls`."""

from bypuls.cli import main

main()
