"""What `tests.test_write_paths` is made of: doors, a scenario, statements of what stands."""
