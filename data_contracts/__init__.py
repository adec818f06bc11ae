"""What the feeds, the published marts and the exports promise, and what is generated from those promises."""
