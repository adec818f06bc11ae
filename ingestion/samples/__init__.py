"""Sample feeds with known truth: two years of a retailer that never existed, seeded."""

from __future__ import annotations

from ingestion.samples.generating import SampleSummary, generate_samples
from ingestion.samples.workspaces import write_sample_workspace

__all__ = ["SampleSummary", "generate_samples", "write_sample_workspace"]
