"""`python -m graft`, and what the command `graft` starts, in a checkout and in a wheel alike."""

from cli import main

if __name__ == "__main__":
    main()
