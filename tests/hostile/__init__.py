"""The whole program against what strangers might send: bounded time, bounded memory, one message, the right code."""
