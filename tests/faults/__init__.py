"""Every file operation fails once, or is the last: a library that is loaded before all others sees to that."""
