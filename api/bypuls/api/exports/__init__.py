"""The town in the words of other platforms."""
