"""Set-up and upkeep of the repository; nothing that the programs use."""
