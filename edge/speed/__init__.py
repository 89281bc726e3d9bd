"""Speed on this machine: the loop step by step, the model alone, the start, the memory."""
