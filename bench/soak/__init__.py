"""The soak: a profile again and again, to learn how often it raises an alarm where nothing is wrong."""
