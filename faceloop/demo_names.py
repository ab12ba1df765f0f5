"""Invented first names for the people of the demo's portraits."""

from __future__ import annotations

NAMES = (
    *("Łukasz", "Alan", "Tom", "Jürgen", "Søren", "Henry", "Ruben", "Zoë", "José", "Chloé"),
    *("Omar", "Robin", "Wim", "Walter", "Colm", "Farid", "Peter", "Anders", "Marco", "Mateo"),
    *("Finn", "André", "Paul", "Hugo", "Stefan", "Erik", "Jiří", "Karl", "Étienne", "Luca"),
    *("Ivan", "Noémi", "Max", "Nigel", "Åsa", "Daniel", "André", "Thomas", "François", "Bram"),
)
"""The name of each person, number 1 first. Two people are called André, as happens in albums."""
