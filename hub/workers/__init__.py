"""Several processes on one machine that listen on one address, and the one that keeps them."""
