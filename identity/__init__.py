"""Who is who: normalise evidence, guard it, link and cluster records, keep customer ids, and explain every merge."""
