"""Charts with one thing wrong, each of which a policy has to refuse."""
