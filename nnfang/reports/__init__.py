"""What people look at: figures about runs and networks, and how they are shown."""
