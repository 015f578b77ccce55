"""Post-correction: look over a finished caption and put right what is wrong in it."""
