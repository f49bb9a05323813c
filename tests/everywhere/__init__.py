"""What holds on every page: the addresses come from the resolver, none can be left out."""
