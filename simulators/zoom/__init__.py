"""A stand-in for Zoom: OAuth, REST API v2 and webhooks in memory, with a page on which a person plays the meeting.

Written from Zoom's documented rules alone. It shares no code with the product, so a misreading cannot hide in both.
"""
