"""What `connect-hub demo` shows: a little host application with the hub inside, and all that it talks to."""
