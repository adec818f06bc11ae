"""Send consented audiences out, remember what each destination confirmed, and bring what was sent back as a feed."""
