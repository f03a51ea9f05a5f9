"""The pages that a customer sees, in the order of the way."""
