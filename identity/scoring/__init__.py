"""Weigh pairs that rules leave open, by the model of Fellegi and Sunter, from parameters that the epoch pins."""
