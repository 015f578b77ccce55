"""Post-correction: revision of finished captions."""
