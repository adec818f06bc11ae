"""The folder that holds one user's configuration and data, and the few things every room needs to work in it."""
