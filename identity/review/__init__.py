"""Review: what a person should look at, what people decided, and how a pair is shown to them."""
