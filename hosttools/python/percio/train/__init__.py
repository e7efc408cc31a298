"""The trainings of the bundled models, one file each."""
