"""Servers that lie on purpose, to test the probe with; in the image, because scenarios run them as pods."""
