"""Random people doing random things to random proposals; what must hold after each."""
