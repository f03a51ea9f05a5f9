"""Small applications with a hub inside."""
