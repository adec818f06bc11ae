"""Where deliveries come from: files of the workspace, object stores, databases."""
