"""The bundle, the interpreter and the classifier: crops to calls."""
