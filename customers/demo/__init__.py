"""The demo's company, its people and what they have been doing. Invented for this program."""
