"""Finished runs as a data set for the library datasets, with a card and the small model. Imported by no other room."""
