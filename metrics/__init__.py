"""Published metrics, one file each: update, counts, compute, and a public function."""
