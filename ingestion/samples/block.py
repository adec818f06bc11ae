"""Everything that the feeds of one block of people are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestion.samples.catalogue import Catalogue
    from ingestion.samples.landing_files import Landing
    from ingestion.samples.people import Population
    from ingestion.samples.random_streams import Streams
    from ingestion.samples.registers import Registers
    from ingestion.samples.traits import Traits
    from ingestion.samples.truth import Truth


@dataclass(frozen=True)
class Block:
    """One block: its people, what systems know about them, and where the files go."""

    people: Population
    traits: Traits
    registers: Registers
    catalogue: Catalogue
    streams: Streams
    landing: Landing
    truth: Truth

    @property
    def zone(self) -> str:
        """Return the IANA time zone of the country."""
        return self.people.locale.timezone

    @property
    def offset(self) -> int:
        """Return the hours by which local clocks are ahead of UTC."""
        return self.people.locale.utc_offset_hours

    def first_number(self, room: int) -> int:
        """Return the first of `room` identifiers per person that belong to this block alone."""
        return 1_000_000 + self.people.first_index * room
