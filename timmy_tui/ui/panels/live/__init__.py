"""The live screen: its layout, the stage rows, what is said below them; the view from across the room."""
