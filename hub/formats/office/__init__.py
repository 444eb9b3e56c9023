"""What office formats share: a ZIP package of XML parts. Runs in a sandbox."""
