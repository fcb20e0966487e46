"""Every checker on histories of which the truth is known."""
