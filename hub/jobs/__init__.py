"""What is to be done later, whoever is alive then: one queue for the whole hub."""
