"""What is kept: examinations, counted cells and their chain of hashes, in SQLite."""
