"""What the saboteurs of each class do: `SABOTEURS` of a module, by the part of their name after the class."""
