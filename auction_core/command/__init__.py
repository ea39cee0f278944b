"""The parts of the `auction-core` command, a module for each; `register` adds its commands to the program."""
