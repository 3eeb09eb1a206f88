"""Messy lives: seeded people, what they do, and how their browsers tell of it. Imports nothing of the project."""
